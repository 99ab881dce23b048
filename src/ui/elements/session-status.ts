import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { announcement } from '../base/announcements.ts';
import { SettledStatusController } from '../base/settled-status-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { noticesOf } from '../view/notices.ts';
import { labelFor, strings } from '../strings/strings.ts';
import { nextTryOf, signedInSession, statusOf, type Status } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';
import { lastingSince, nextTry } from '../strings/time.ts';
import { headlineOf } from '../view/headline.ts';

const DOT: Record<Status, string> = {
  starting: '',
  connected: 'good',
  limited: 'warn',
  reconnecting: 'warn',
  'sign-in-required': 'warn',
  offline: '',
  'signed-out': '',
};

/**
 * The session's status in one word, with details in a popover. Trouble that is over within three seconds never shows.
 * It holds the page's one polite live region: the status, the titles of the notices, and the result of the last action.
 *
 * @csspart pill - the button
 * @csspart details - the popover
 *
 * @example <session-status></session-status>
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

  readonly #settled = new SettledStatusController(this, () => statusOf(this.snapshot));
  readonly #clock = new ClockController(this);

  constructor() {
    super();
    announcement.renderOnChange(this);
  }

  protected override render(): TemplateResult {
    const { shown } = this.#settled;
    const word = labelFor(strings().status, shown);
    return html`<button class="pill ${shown}" part="pill" popovertarget="details" aria-label=${strings().sessionIs(word)}><span class="dot ${DOT[shown]}"></span>${word}</button>
      <span class="unseen" role="status" aria-atomic="false"><span>${this.#announced(word)}</span> <span>${announcement.value}</span></span>
      <div id="details" part="details" popover="auto">${this.#details()}</div>
    `;
  }

  /** Without any countdown, which would be read every second. `announcement` is a node of its own, or a change of one would read both. */
  #announced(word: string): string {
    const notices = noticesOf(this.snapshot, this.keeper?.update, this.#settled.shown, this.#clock.now);
    const titles = notices.filter(({ id }) => id !== 'offline').map(({ title }) => title);
    return [word, ...titles].join('. ');
  }

  #details(): TemplateResult {
    const { snapshot } = this;
    const { now } = this.#clock;
    const t = strings();
    const { headline, detail } = headlineOf(snapshot, now);
    const next = snapshot && nextTryOf(snapshot);
    const sockets = snapshot && signedInSession(snapshot.session) ? Object.entries(snapshot.sockets) : [];
    return html`<div class="stack"><h2>${headline}</h2><p class="soft small">${detail}</p>
      ${
        sockets.length > 0
          ? html`<ul class="small">${sockets.map(
              ([url, socket]) =>
                html`<li><code>${url}</code> <span class="soft">${labelFor(t.socket, socket.state)}${socket.state === 'parked' ? nothing : ` ${lastingSince(socket.since, now)}`}</span></li>`,
            )}</ul>`
          : nothing
      }
      ${
        next === undefined
          ? nothing
          : html`<div class="row"><button @click=${() => this.keeper?.nudge('user')}>${t.tryNow}</button><span class="soft small numbers sentence">${nextTry(next, now)}</span></div>`
      }
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-status': SessionStatus;
  }
}
