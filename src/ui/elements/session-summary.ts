import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { Problem } from '../../protocol/problem.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';
import { nextTryOf, signedInSession, statusOf } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';
import { nextTry } from '../strings/time.ts';
import { keptText, headlineOf } from '../view/headline.ts';
import { problemText } from '../strings/problem-text.ts';

type SignOut = { state: 'idle' } | { state: 'busy' } | { state: 'failed'; problem: Problem };

/**
 * The session in one sentence, why there is trouble if there is any, and the buttons to try again and to sign out.
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
      h1 { font-size: clamp(1.75rem, 1.1rem + 2.6vw, 2.75rem); font-weight: 600; letter-spacing: -.03em; line-height: 1.1; text-wrap: balance; overflow-wrap: anywhere; }
      .detail { font-size: 1.0625rem; max-inline-size: 72ch; span { display: block; min-block-size: 1lh; } }
      @media (width < 48rem) { .detail span { min-block-size: 2lh; } }
      .row { margin-block-start: .5rem; }
    `,
  ];

  readonly #clock = new ClockController(this);
  readonly #settled = new SettledStatusController(this, () => statusOf(this.snapshot));
  @state() private leaving: SignOut = { state: 'idle' };

  async #signOut(): Promise<void> {
    if (!this.keeper || this.leaving.state === 'busy') return;
    this.leaving = { state: 'busy' };
    const result = await this.keeper.signOut();
    this.leaving = result.ok ? { state: 'idle' } : { state: 'failed', problem: result.problem };
  }

  protected override render(): TemplateResult {
    const { snapshot, leaving } = this;
    const { now } = this.#clock;
    const { headline, detail } = headlineOf(snapshot, now, this.#settled.shown);
    const session = snapshot && signedInSession(snapshot.session);
    const troubled = this.#settled.shown !== 'connected' && this.#settled.shown !== 'starting';
    return html`<div class="stack">
      <h1 part="headline">${headline}</h1>
      <p class="soft detail"><span>${detail}</span> ${session ? html`<span class="numbers">${keptText(snapshot.kept, now)}</span>` : nothing}</p>
      ${session && troubled ? html`<session-why part="why" .keeper=${this.keeper}></session-why>` : nothing}
      <div class="row">${this.#actions(troubled, now)}</div>
      <div role="alert">${leaving.state === 'failed' ? problemText(leaving.problem) : nothing}</div>
    </div>`;
  }

  #actions(troubled: boolean, now: number): TemplateResult {
    const { snapshot, leaving } = this;
    const t = strings();
    const next = snapshot && troubled ? nextTryOf(snapshot) : undefined;
    return html`${
      next === undefined
        ? nothing
        : html`
        <button class="primary" @click=${() => this.keeper?.nudge('user')}>${t.tryNow}</button>
        <span class="soft small numbers sentence">${nextTry(next, now)}</span>`
    }${
      snapshot && signedInSession(snapshot.session)
        ? html`
        <button aria-disabled=${leaving.state === 'busy'} @click=${this.#signOut}>
          ${leaving.state === 'busy' ? t.signingOut : t.signOut}</button>`
        : nothing
    }`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-summary': SessionSummary;
  }
}
