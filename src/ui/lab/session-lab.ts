import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce } from '../base/announcements.ts';
import { customElement } from '../base/custom-element.ts';
import { ClockController } from '../base/clock-controller.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { loadOffer, offer } from '../base/offer.ts';
import { saveFile } from '../base/save-file.ts';
import { signedInSession } from '../base/status.ts';
import { icon, ICONS } from '../look/icons.ts';
import { loadAppStrings } from '../strings/app-strings.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { formatNumber } from '../text/time.ts';
import { timelineOf, type Timeline } from '../timeline/model.ts';
import { FAULT_ICONS } from './fault-icons.ts';
import { FAULTS, NEEDS_SHOW, showLever, type FaultName } from './faults.ts';
import { LabRun } from './lab-run.ts';
import {
  loadLabState,
  median,
  missing,
  pendingRequests,
  saveLabState,
  verdictOf,
  type LabState,
  type LabVerdict,
} from './lab-state.ts';
import { labStrings, loadLabStrings } from './lab-strings.ts';
import { labStyles } from './lab-styles.ts';
import { verdictText } from './verdict-text.ts';
import '../lanes/session-lanes.ts';

await Promise.all([loadAppStrings(), loadLabStrings()]);

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** How often the live timeline reads the journal during a run. */
const READ_EVERY_MS = 1_000;
const NONE: Timeline = { entries: [], lanes: [], from: 0, to: 1 };

const secondsText = (ms: number): string => `${formatNumber(Math.round(ms / 100) / 10)} s`;

/**
 * The resilience page: a button for each fault, counters of what was asked and what arrived, and a verdict with evidence.
 * It needs a server with the fault routes.
 *
 * @csspart card - each surface
 *
 * @example <session-lab></session-lab>
 */
@customElement('session-lab')
export class SessionLab extends KeeperElement {
  static override styles = [KeeperElement.styles, labStyles];

  @state() private timeline: Timeline = NONE;
  readonly #clock = new ClockController(this);
  #run: LabRun | undefined;
  #readAt = 0;
  #verdict: LabVerdict['type'] = 'open';
  #hasLooked = false;

  constructor() {
    super();
    offer.renderOnChange(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('pagehide', this.#save);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('pagehide', this.#save);
    this.#run?.close();
    this.#run = undefined;
  }

  /** Only a run that has no verdict yet goes on after a reload. */
  readonly #save = (): void => saveLabState(this.#run?.state.phase === 'done' ? undefined : this.#run?.state);

  protected override onSnapshot({ session }: Snapshot): void {
    const isSignedOut = session.state === 'signed-out';
    if (!isSignedOut || session.reason !== 'user') return this.#run?.noteSession(isSignedOut);
    this.#run?.close();
    this.#run = undefined;
    this.#save();
  }

  /** Joins a run that a reload interrupted, and asks the server for its fault routes. */
  protected override updated(_changed: PropertyValues): void {
    const { keeper } = this;
    if (!keeper || !this.checkVisibility() || !signedInSession(this.snapshot?.session)) return;
    void loadOffer(keeper);
    const saved = this.#run || this.#hasLooked ? undefined : loadLabState();
    this.#hasLooked = true;
    if (saved) this.#run = LabRun.resume(keeper, this.#changed, saved);
    const isOpen = this.#run !== undefined && this.#run.state.phase !== 'done';
    if (isOpen && Date.now() - this.#readAt > READ_EVERY_MS) void this.#read();
  }

  readonly #changed = (): void => {
    this.requestUpdate();
    const verdict = this.#run ? verdictOf(this.#run.state).type : 'open';
    if (verdict === this.#verdict) return;
    this.#verdict = verdict;
    if (verdict === 'open') return;
    const { title, detail } = verdictText(this.#run?.state);
    announce(title || detail);
    this.#save();
    void this.#read();
  };

  async #read(): Promise<void> {
    this.#readAt = Date.now();
    const journal = await this.keeper?.journal();
    const from = this.#run?.state.startedAt;
    if (!journal?.ok || from === undefined) return;
    this.timeline = timelineOf(
      journal.value.filter(({ at }) => at >= from - SECOND_MS),
      Date.now(),
      true,
    );
  }

  #start(forAMinute: boolean): LabRun | undefined {
    if (!this.keeper) return undefined;
    this.#run?.close();
    this.timeline = NONE;
    this.#verdict = 'open';
    this.#run = LabRun.start(this.keeper, this.#changed, forAMinute);
    this.requestUpdate();
    return this.#run;
  }

  #cause(name: FaultName): void {
    const run = this.#run?.isRunning ? this.#run : this.#start(false);
    void run?.cause(name);
  }

  #export(run: LabState): void {
    const { type } = verdictOf(run);
    const report = { type: 'session-keeper-lab-page', version: 1, verdict: type, missing: missing(run), ...run };
    saveFile('session-lab.json', JSON.stringify(report, null, 1));
  }

  protected override render(): TemplateResult {
    const t = labStrings();
    return html`<section class="stack" aria-labelledby="title">
      <div class="head"><h1 id="title">${frameStrings().lab}</h1><p class="soft">${t.lead}</p></div>
      ${offer.value && offer.value.lab !== true ? this.#noLab() : this.#lab()}
      ${this.#more(t.more)}
    </section>`;
  }

  #noLab(): TemplateResult {
    const t = labStrings();
    return html`<div class="card stack" part="card"><h2>${t.noLab}</h2><p class="soft">${t.noLabDetail}</p><p><code>npm start</code></p><p><code>npx session-keeper lab https://your.site</code></p></div>`;
  }

  #lab(): TemplateResult {
    const run = this.#run?.state;
    return html`<div class="card panel" part="card">${this.#controls(run)}${this.#counters(run)}${this.#result(run)}</div>
      <div role="alert">${this.#trouble()}</div>
      <h2 id="faults">${labStrings().faults}</h2>
      <ul class="faults" aria-labelledby="faults">${FAULTS.map((name) => html`<li>${this.#fault(name, run)}</li>`)}</ul>
      ${
        run
          ? html`<h2>${labStrings().live}</h2><div class="card" part="card"><session-lanes .timeline=${this.timeline} .live=${run.phase !== 'done'}></session-lanes></div>`
          : nothing
      }`;
  }

  #trouble(): string {
    const trouble = this.#run?.trouble;
    return trouble ? labStrings().leverFailed(this.#words(trouble.name)[0], trouble.reason) : '';
  }

  /** Title and detail of a fault: what `npm run show` does for real has other words. */
  #words(name: FaultName): readonly [title: string, detail: string] {
    const t = labStrings();
    if (showLever() && name === 'worker') return t.killed;
    return showLever() && name === 'tabs' ? t.fortyTabs : t.fault[name];
  }

  #controls(run: LabState | undefined): TemplateResult {
    const t = labStrings();
    const isRunning = run?.phase === 'running';
    const left = run?.endsAt === undefined ? undefined : Math.max(0, run.endsAt - this.#clock.now);
    return html`<div class="row controls">
      ${
        isRunning
          ? html`<button class="primary" @click=${() => this.#run?.stop()}>${t.stop}</button>`
          : html`<button class="primary" aria-disabled=${run?.phase === 'settling'} @click=${() => run?.phase !== 'settling' && this.#start(true)}>${icon(ICONS.bolt)}${t.all}</button>`
      }
      ${
        isRunning && left !== undefined
          ? html`<progress aria-label=${t.progress} max=${MINUTE_MS} .value=${MINUTE_MS - left}></progress><span class="soft small numbers">${t.running(Math.ceil(left / SECOND_MS))}</span>${this.#now(run)}`
          : nothing
      }
      ${run?.phase === 'settling' ? html`<span class="soft small">${t.settling}</span>` : nothing}
      ${run?.phase === 'done' ? html`<button class="end" @click=${() => this.#export(run)}>${t.exportReport}</button>` : nothing}
    </div>`;
  }

  /** Which fault the page is recovering from. On a phone its own card is out of sight. */
  #now(run: LabState): TemplateResult {
    const open = run.faults.findLast(({ recoveredMs }) => recoveredMs === undefined);
    return html`<span class="now small">${open ? labStrings().now(this.#words(open.name)[0]) : ''}</span>`;
  }

  /** Before the first fault there are no figures: a zero would say that something was counted. */
  #counters(run: LabState | undefined): TemplateResult {
    const t = labStrings();
    const tile = (name: string, value: string, foot = '', tone = ''): TemplateResult =>
      html`<div class="tile ${tone}"><dt>${name}</dt><dd class="numbers">${value}</dd><dd class="foot numbers">${foot}</dd></div>`;
    if (!run)
      return html`<dl class="counters">${[t.requests, t.messages, t.signOuts, t.recovery].map((name) => tile(name, '–'))}</dl>`;
    const { recoveries } = verdictOf(run);
    const middle = median(recoveries);
    const lost = run.phase === 'done' ? missing(run).length : 0;
    const tone = (count: number): string => (count > 0 ? 'bad' : '');
    const sent = Math.max(run.sent.length, run.seen.length);
    return html`<dl class="counters">
      ${tile(t.requests, t.of(run.answered, run.asked), this.#unanswered(run))}
      ${tile(t.messages, t.of(run.seen.length, sent), t.lostAndDoubled(lost, run.doubled), tone(lost + run.doubled))}
      ${tile(t.signOuts, formatNumber(run.signOuts), run.refused > 0 ? t.evidence.refused(run.refused) : '', tone(run.signOuts + run.refused))}
      ${tile(t.recovery, middle === undefined ? '–' : secondsText(middle), recoveries.length > 1 ? t.slowest(secondsText(Math.max(...recoveries))) : '')}
    </dl>`;
  }

  /** Accounts for each request without an answer. */
  #unanswered(run: LabState): string {
    const t = labStrings();
    const waiting = pendingRequests(run);
    const parts = [run.away > 0 && t.reloaded(run.away), waiting > 0 && t.waiting(waiting)];
    return [t.failedMeanwhile(run.failed), ...parts].filter(Boolean).join(', ');
  }

  #result(run: LabState | undefined): TemplateResult {
    const { title, detail, type } = verdictText(run);
    return html`<div class="verdict ${type}"><strong>${title}</strong> <span class="numbers">${detail}</span></div>`;
  }

  #fault(name: FaultName, run: LabState | undefined): TemplateResult {
    const t = labStrings();
    const isShown = showLever() !== undefined;
    const words = this.#words(name);
    const last = run?.faults.findLast((each) => each.name === name);
    const state = last && (last.recoveredMs !== undefined ? 'good' : run?.phase === 'done' ? 'bad' : 'busy');
    const text = {
      good: () => t.recovered(secondsText(last?.recoveredMs ?? 0)),
      bad: () => t.notRecovered,
      busy: () => t.recovering,
    };
    return html`<button class="fault ${state ?? ''}" ?disabled=${NEEDS_SHOW.includes(name) && !isShown} @click=${() => this.#cause(name)}>
      ${icon(FAULT_ICONS[name])}<span class="name">${words[0]}</span>
      <span class="soft detail">${state ? text[state]() : words[1]}</span></button>`;
  }

  #more(title: string): TemplateResult {
    return html`<details class="more"><summary>${title}</summary>
      <ul>${labStrings().moreDetail.map(([command, what]) => html`<li><code>${command}</code> <span class="soft">${what}</span></li>`)}</ul></details>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-lab': SessionLab;
  }
}
