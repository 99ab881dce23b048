import { SERVER_SEARCH } from '../../protocol/bridge/bridge-constants.ts';
import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from '../base/custom-element.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';
import { isRedirected, nextTryOf, signedInSession, statusOf } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';
import { nextTry } from '../text/time.ts';
import { keptText, headlineOf } from '../view/headline.ts';

/**
 * The session in one sentence, why there is trouble if there is any, and the button to try again.
 *
 * @csspart headline - the sentence
 * @csspart why - the question why, in trouble
 *
 * @example <session-summary></session-summary>
 */
@customElement('session-summary')
export class SessionSummary extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      h1 { font-size: clamp(1.5rem, 1.25rem + 1vw, 2rem); letter-spacing: -.025em; line-height: 1.15; overflow-wrap: anywhere; }
      .stack { gap: .5rem; }
      .detail { font-size: .9375rem; max-inline-size: 72ch; span { display: block; min-block-size: 1lh; } }
      @media (width < 48rem) { .detail span { min-block-size: 2lh; } }
      .row { margin-block-start: .5rem; }
    `,
  ];

  readonly #clock = new ClockController(this);
  readonly #settled = new SettledStatusController(this, () => statusOf(this.snapshot));

  protected override render(): TemplateResult {
    const { snapshot } = this;
    const { now } = this.#clock;
    const { shown } = this.#settled;
    const { headline, detail } = headlineOf(snapshot, now, shown);
    const session = snapshot && signedInSession(snapshot.session);
    const troubled = shown !== 'connected' && shown !== 'starting';
    return html`<div class="stack">
      <h1 part="headline">${headline}</h1>
      <p class="soft detail"><span>${detail}</span> ${session ? html`<span class="numbers">${keptText(snapshot.kept, now)}</span>` : nothing}</p>
      ${session && troubled ? html`<session-why part="why" .keeper=${this.keeper}></session-why>` : nothing}
      ${this.#retry(troubled, now)}
    </div>`;
  }

  #retry(troubled: boolean, now: number): TemplateResult | typeof nothing {
    if (troubled && this.snapshot && isRedirected(this.snapshot.session))
      return html`<div class="row"><button class="primary" @click=${() => location.assign(`?${SERVER_SEARCH}`)}>${strings().loadFromServer}</button></div>`;
    const next = this.snapshot && troubled ? nextTryOf(this.snapshot) : undefined;
    if (next === undefined) return nothing;
    // The way on is the sign-in, which the notice above offers.
    const isMain = this.snapshot?.session.state !== 'sign-in-required';
    return html`<div class="row"><button class=${isMain ? 'primary' : ''} @click=${() => this.keeper?.nudge('user')}>${strings().tryNow}</button>
      <span class="soft small numbers sentence">${nextTry(next, now)}</span></div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-summary': SessionSummary;
  }
}
