import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { said } from '../base/announcements.ts';
import { CalmController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { noticesOf } from '../view/notices.ts';
import { named, words } from '../strings/messages.ts';
import { nextTryOf, signedIn, statusOf, type Status } from '../base/status.ts';
import { Ticker } from '../base/clock-controller.ts';
import { lasting, nextTry } from '../strings/time.ts';
import { truthOf } from '../view/headline.ts';

const DOT: Record<Status, string> = {
  starting: '',
  connected: 'good',
  limited: 'warn',
  reconnecting: 'warn',
  offline: '',
  'signed-out': '',
};

/**
 * One word for the whole session, details on demand. Trouble that is over within seconds is not mentioned. It has the
 * page's one polite live region: that word, the titles of the notices, and what answers to a person's doing.
 *
 * @csspart pill - the button
 * @csspart details - the popover
 */
@customElement('session-status')
export class SessionStatus extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { display: inline-block; }
      .pill {
        anchor-name: --pill; display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.25rem; min-inline-size: 10rem;
        padding: .25rem .875rem; border-radius: 2rem; white-space: nowrap; font-size: .875rem;
      }
      .pill::after { content: ''; margin-inline-start: auto; inline-size: .4375rem; block-size: .4375rem; border: solid var(--_soft); border-width: 0 1.5px 1.5px 0; rotate: 45deg; translate: 0 -.125rem; }
      .reconnecting .dot { animation: breathe 1.6s ease-in-out infinite alternate; }
      .offline .dot, .starting .dot { background: none; box-shadow: inset 0 0 0 2px var(--_edge); }
      @keyframes breathe { to { opacity: .3; } }
      [popover] {
        position-anchor: --pill; position-area: block-end span-inline-start; position-try-fallbacks: flip-inline, flip-block;
        inset: auto; margin: .5rem 0; inline-size: min(22rem, 100vw - 2rem); padding: 1.25rem;
        border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); color: inherit;
        box-shadow: 0 .75rem 2.5rem oklch(0% 0 0 / .14);
      }
      @supports not (position-area: block-end) { [popover] { inset-block-start: 3.75rem; inset-inline-end: 1rem; } }
      .stack { gap: .75rem; }
      h2 { text-wrap: balance; }
      li { display: grid; padding-block: .375rem; border-block-start: 1px solid var(--_line); }
    `,
  ];

  readonly #calm = new CalmController(this, () => statusOf(this.snapshot));
  readonly #ticker = new Ticker(this);

  constructor() {
    super();
    said.follow(this);
  }

  protected override render(): TemplateResult {
    const { shown } = this.#calm;
    const word = named(words().status, shown);
    return html`
      <button class="pill ${shown}" part="pill" popovertarget="details" aria-label=${words().sessionIs(word)}>
        <span class="dot ${DOT[shown]}"></span>${word}
      </button>
      <span class="unseen" role="status" aria-atomic="false"><span>${this.#announced(word)}</span> <span>${said.value}</span></span>
      <div id="details" part="details" popover="auto">${this.#details()}</div>
    `;
  }

  /** No count-down is among it: what changes every second would be read every second. What is said besides is apart from it, or each would be read again with the other. */
  #announced(word: string): string {
    const notices = noticesOf(this.snapshot, this.keeper?.update, this.#calm.shown, this.#ticker.now);
    const titles = notices.filter(({ id }) => id !== 'offline').map(({ title }) => title);
    return [word, ...titles].join('. ');
  }

  #details(): TemplateResult {
    const { snapshot } = this;
    const { now } = this.#ticker;
    const say = words();
    const truth = truthOf(snapshot, now);
    const next = snapshot && nextTryOf(snapshot);
    const sockets = snapshot && signedIn(snapshot.session) ? Object.entries(snapshot.sockets) : [];
    return html`<div class="stack">
      <h2>${truth.headline}</h2>
      <p class="soft small">${truth.detail}</p>
      ${
        sockets.length > 0
          ? html`<ul class="small">${sockets.map(
              ([url, socket]) => html`
        <li><code>${url}</code> <span class="soft">${named(say.socket, socket.state)} ${lasting(socket.since, now)}</span></li>`,
            )}</ul>`
          : nothing
      }
      ${
        next === undefined
          ? nothing
          : html`<div class="row">
        <button @click=${() => this.keeper?.nudge('user')}>${say.tryNow}</button>
        <span class="soft small numbers sentence">${nextTry(next, now)}</span>
      </div>`
      }
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-status': SessionStatus;
  }
}
