import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement } from '../base/custom-element.ts';
import type { Snapshot, SocketStateName, SocketView } from '../../protocol/snapshot.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { signedInSession, troubleOf } from '../base/status.ts';
import { ClockController } from '../base/clock-controller.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { formatNumber, nextTry } from '../text/time.ts';
import { socketSince } from '../text/socket-text.ts';
import { connectionProblemText, problemText } from '../text/problem-text.ts';

await loadAppStrings();

const DOT: Record<SocketStateName, string> = {
  parked: '',
  ticketing: 'warn',
  dialling: 'warn',
  open: 'good',
  resting: 'warn',
  stopped: 'bad',
};

/** Empty where the page says the same already: that this device is offline, or the session's own problem. */
const reasonOf = ({ problem }: SocketView, { online, session }: Snapshot): string => {
  if (!problem || !online) return '';
  const reason = connectionProblemText(problem);
  const trouble = troubleOf(session);
  return trouble && problemText(trouble) === reason ? '' : reason;
};

/** A counter of what never happened is no figure. */
const count = (name: string, value: number): TemplateResult | typeof nothing =>
  value === 0 ? nothing : html`<div><dt>${name}</dt><dd>${formatNumber(value)}</dd></div>`;

/**
 * The live connections: the state of each, its round trip, and its counters.
 *
 * @csspart card - the surface
 *
 * @example <session-sockets></session-sockets>
 */
@customElement('session-sockets')
export class SessionSockets extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { container-type: inline-size; }
      .card { padding-block: .25rem; }
      li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .75rem 2rem; align-items: center; padding-block: 1rem; }
      li + li { border-block-start: 1px solid var(--_line); }
      .name { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .125rem .75rem; align-items: center; }
      .name p { grid-column: 2; }
      dl { display: grid; grid-auto-flow: column; grid-auto-columns: auto; gap: .75rem 1.75rem; }
      dl div { display: grid; }
      dt { font-size: .8125rem; color: var(--_soft); }
      dd { font-weight: 500; }
      @container (inline-size < 50rem) { li { grid-template-columns: minmax(0, 1fr); } dl { padding-inline-start: 1.3125rem; grid-auto-flow: row; grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); } }
    `,
  ];

  readonly #clock = new ClockController(this);

  protected override render(): TemplateResult | typeof nothing {
    const { snapshot } = this;
    if (!snapshot || !signedInSession(snapshot.session)) return nothing;
    const sockets = Object.entries(snapshot.sockets);
    if (sockets.length === 0) return nothing;
    return html`<section class="stack" aria-labelledby="title">
      <h2 id="title">${appStrings().connections}</h2>
      <ul class="card" part="card">${sockets.map(([url, socket]) => this.#socket(url, socket, snapshot))}</ul>
    </section>`;
  }

  #socket(url: string, socket: SocketView, snapshot: Snapshot): TemplateResult {
    const { now } = this.#clock;
    const t = appStrings();
    const next = socket.state === 'resting' ? socket.nextTryAt : undefined;
    const since = socketSince(socket, now);
    const when = next === undefined ? since : `, ${nextTry(next, now)}`;
    const reason = reasonOf(socket, snapshot);
    return html`<li>
      <div class="name">
        <span class="dot ${DOT[socket.state]}"></span>
        <code>${url}</code>
        <p class="soft small">${labelFor(strings().socket, socket.state)}${when}</p>
        ${reason === '' ? nothing : html`<p class="soft small">${reason}</p>`}
      </div>
      <dl class="numbers">
        ${socket.roundTripMs === undefined ? nothing : html`<div><dt>${t.roundTrip}</dt><dd>${Math.round(socket.roundTripMs)} ms</dd></div>`}
        ${count(t.countSent, socket.sent)}${count(t.countReceived, socket.received)}${count(t.countResumed, socket.resumed)}${count(t.countLost, socket.lost)}
      </dl>
    </li>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-sockets': SessionSockets;
  }
}
