import { css, html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { ClockController } from '../base/clock-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { signedInSession, type SignedInSession } from '../base/status.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { countdown, duration, formatNumber, hourMinute, percent } from '../text/time.ts';
import { loadLatency, saveLatency, sparkline, withLatency, type LatencySample } from './latency.ts';
import { tokenOutlook } from './token-outlook.ts';
import { uptimeOf, type Uptime } from './uptime.ts';

await loadAppStrings();

const BOX = { width: 240, height: 36 } as const;
/** The journal is read again this often while the page is on screen. */
const READ_EVERY_MS = 60_000;
/** A share of a few seconds says nothing. */
const LEAST_KNOWN_MS = 60_000;
const EMPTY: Uptime = uptimeOf([], 0);

/**
 * The pulse of the session: the life of its token, the latency of the live connection, and the last day.
 *
 * @csspart card - the surface
 *
 * @example <session-pulse></session-pulse>
 */
@customElement('session-pulse')
export class SessionPulse extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { container-type: inline-size; }
      .card { display: grid; grid-template-columns: minmax(0, 1fr); padding: 0; overflow: clip; }
      .tile { display: grid; align-content: start; gap: .25rem; padding: 1rem 1.25rem; min-inline-size: 0; box-shadow: 1px 1px 0 var(--_line); }
      .day { grid-column: 1 / -1; gap: .5rem; }
      h2 { font-size: var(--_t-small); font-weight: 500; color: var(--_soft); }
      .figure { font-size: 1.75rem; font-weight: 600; letter-spacing: -.03em; line-height: 1.2; }
      .foot { font-size: var(--_t-small); color: var(--_soft); min-block-size: 1lh; }
      .line { block-size: 2.25rem; inline-size: 100%; overflow: visible; polyline { fill: none; stroke: var(--_accent); stroke-width: 1.75; vector-effect: non-scaling-stroke; stroke-linejoin: round; } }
      meter { appearance: none; display: block; inline-size: 100%; block-size: .375rem; margin-block: .8125rem 1.0625rem; border: 0; border-radius: 1rem; overflow: hidden; background: var(--_sunken); }
      meter::-webkit-meter-inner-element { display: block; block-size: .375rem; }
      meter::-webkit-meter-bar { position: static; block-size: .375rem; border: 0; border-radius: 1rem; background: var(--_sunken); }
      meter::-webkit-meter-optimum-value { block-size: .375rem; background: var(--_accent); border-radius: 1rem; }
      meter::-moz-meter-bar { background: var(--_accent); border-radius: 1rem; }
      .strip { display: grid; grid-template-columns: repeat(96, 1fr); gap: 1px; block-size: 2rem; align-items: end; direction: ltr; }
      .strip span { position: relative; block-size: 1.5rem; background: var(--_sunken); border-radius: 1px; &.good { background: var(--_good); } &.warn { background: var(--_warn); } &.bad { background: var(--_bad); }
        &.event::before { content: ''; position: absolute; inset-block-start: -.4375rem; inset-inline: 0; margin-inline: auto; inline-size: .25rem; block-size: .25rem; border-radius: 50%; background: var(--_accent); } }
      @container (inline-size < 38rem) { .strip { grid-template-columns: repeat(48, 1fr); } .strip span:nth-child(-n+48) { display: none; } }
      @container (inline-size >= 30rem) { .card { grid-template-columns: 1fr 1fr; } }
      @container (inline-size >= 56rem) { .card { grid-template-columns: 14rem 14rem minmax(0, 1fr); } .card .day { grid-column: auto; align-content: space-between; } .strip { block-size: 3.5rem; } .strip span { block-size: 3rem; } }
      .legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; font-size: var(--_t-small); color: var(--_soft); }
      .keys { display: flex; flex-wrap: wrap; gap: .25rem .75rem; white-space: nowrap; }
      .legend i { display: inline-block; inline-size: .5rem; block-size: .5rem; border-radius: 2px; margin-inline-end: .25rem; &.good { background: var(--_good); } &.warn { background: var(--_warn); } &.bad { background: var(--_bad); } &.event { background: var(--_accent); border-radius: 50%; } }
      @media (forced-colors: active) { .strip span, .legend i { forced-color-adjust: none; } meter { border: 1px solid CanvasText; } meter::-webkit-meter-optimum-value { background: Highlight; forced-color-adjust: none; } }
    `,
  ];

  @state() private uptime: Uptime = EMPTY;
  readonly #clock = new ClockController(this);
  #samples: readonly LatencySample[] = loadLatency();
  #readAt = -Infinity;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('pagehide', this.#save);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('pagehide', this.#save);
  }

  readonly #save = (): void => saveLatency(this.#samples);

  protected override onSnapshot({ session, sockets }: Snapshot): void {
    this.#samples = withLatency(this.#samples, sockets, this.#clock.now);
    if (session.state !== 'signed-out') return;
    this.#samples = [];
    this.#save();
  }

  /** Only while it is on screen: each read is a call to the worker. */
  async #read(): Promise<void> {
    this.#readAt = this.#clock.now;
    const journal = await this.keeper?.journal();
    if (journal?.ok) this.uptime = uptimeOf(journal.value, this.#clock.now);
  }

  protected override updated(_changed: PropertyValues): void {
    const isDue = this.#clock.now - this.#readAt >= READ_EVERY_MS;
    if (isDue && !document.hidden && signedInSession(this.snapshot?.session) && this.checkVisibility())
      void this.#read();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { snapshot } = this;
    const session = signedInSession(snapshot?.session);
    if (!snapshot || !session) return nothing;
    return html`<div class="card" part="card">${this.#token(session, snapshot)}${this.#latency()}${this.#day()}</div>`;
  }

  #token(session: SignedInSession, snapshot: Snapshot): TemplateResult {
    const t = appStrings();
    const { now } = this.#clock;
    const { accessExpiresAt: end, accessIssuedAt: start } = session;
    if (end === undefined)
      return html`<section class="tile"><h2>${t.token}</h2><p class="figure">${t.none}</p><p class="foot">${t.cookieOnly}</p></section>`;
    const left = Math.max(0, end - now);
    const { title, foot } = tokenOutlook(session, snapshot);
    const feet = { 'by-itself': t.tokenFoot, works: t.tokenWorks, unknown: '' };
    return html`<section class="tile"><h2>${title === 'expires' ? t.tokenExpires : t.tokenRenews}</h2>
      <p class="figure numbers">${countdown(left)}</p>
      <meter aria-label=${t.tokenLeft} min="0" max=${Math.max(end - (start ?? now), left, 1)} .value=${left}></meter>
      <p class="foot">${left > 0 ? feet[foot] : t.tokenExpired}</p></section>`;
  }

  /** Figure and unit are one text: as two, the unit would move with each digit more (layout-shift). */
  #latency(): TemplateResult {
    const t = appStrings();
    const last = this.#samples.at(-1);
    const all = this.#samples.map(({ ms }) => Math.round(ms));
    return html`<section class="tile"><h2>${t.roundTrip}</h2>
      <p class="figure numbers">${last === undefined ? '–' : `${formatNumber(Math.round(last.ms))} ms`}</p>
      <svg class="line" viewBox="0 0 ${BOX.width} ${BOX.height}" preserveAspectRatio="none" aria-hidden="true">${svg`<polyline points=${sparkline(this.#samples, this.#clock.now, BOX)} />`}</svg>
      <p class="foot numbers">${last === undefined ? t.notMeasured : t.range(Math.min(...all), Math.max(...all))}</p></section>`;
  }

  #day(): TemplateResult {
    const t = appStrings();
    const { slots, known, good, events } = this.uptime;
    const share = known >= LEAST_KNOWN_MS ? t.connectedShare(percent(good / known), duration(known)) : t.noDayYet;
    return html`<section class="tile day"><h2>${t.lastDay}</h2>
      <div class="strip" role="img" aria-label=${[share, events > 0 ? t.eventsSurvived(events) : ''].join(' ').trim()}>${slots.map(
        (slot) =>
          html`<span class="${slot.state} ${slot.events > 0 ? 'event' : ''}" title="${hourMinute(slot.from)}: ${t.slot[slot.state]}"></span>`,
      )}</div>
      <div class="legend"><span class="numbers">${share}</span><span class="keys" aria-hidden="true">${(
        ['good', 'warn', 'bad'] as const
      ).map(
        (tone) => html`<span><i class=${tone}></i>${t.slot[tone]}</span>`,
      )}<span><i class="event"></i>${t.eventMark}</span></span></div></section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-pulse': SessionPulse;
  }
}
