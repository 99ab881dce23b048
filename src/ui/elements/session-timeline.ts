import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { popoverStyles } from '../look/popover.ts';
import { problemText } from '../text/problem-text.ts';
import { sortByTime, mergeEntries } from '../timeline/entries.ts';
import { timelineFile } from '../timeline/file.ts';
import { fileMenu, fileMenuStyles } from '../timeline/file-menu.ts';
import { filterBarStyles, laneChoice, searchField } from '../timeline/filter-bar.ts';
import { filterEntries, filterTimeline, isNarrowed, NO_FILTER, RangeEvent, type Filter } from '../timeline/filter.ts';
import { timelineOf, type Timeline } from '../timeline/model.ts';
import { watchRequests } from '../timeline/requests.ts';
import '../lanes/session-lanes.ts';
import './session-compare.ts';
import '../timeline/session-events.ts';

await loadAppStrings();

/** The timeline on screen: this device's own, which still grows, or one from a file. */
type Source = { type: 'live' } | { type: 'file'; name: string; entries: readonly JournalEntry[] };
type Trouble = { type: 'none' } | { type: 'journal'; problem: Problem } | { type: 'file'; text: string };

/** The parts of a snapshot whose change means new journal entries. Counters change all the time and are not among them. */
const outline = (snapshot: Snapshot | undefined): string =>
  snapshot
    ? [
        snapshot.worker.id,
        snapshot.tabs,
        snapshot.online,
        snapshot.session.state,
        ...Object.values(snapshot.sockets).map((socket) => socket.state),
      ].join()
    : '';

/** The worker writes its journal a moment after it sends the snapshot. */
const READ_AFTER_MS = 200;

/**
 * What happened to this session, live or from a file: as lanes (tabs, workers, session, sockets, network, requests) or as
 * a table. A saved file contains no token, so a user can send it to support.
 *
 * @csspart card - the surface
 *
 * @example <session-timeline></session-timeline>
 */
@customElement('session-timeline')
export class SessionTimeline extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    popoverStyles,
    fileMenuStyles,
    filterBarStyles,
    css`
      .end { margin-inline-start: auto; gap: .375rem; }
      .row button { min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
      .view { display: flex; gap: .25rem; padding: .25rem; border-radius: var(--_radius); background: var(--_sunken);
        label { position: relative; display: block; padding: .25rem .875rem; border: 1px solid transparent; border-radius: calc(var(--_radius) - .25rem); cursor: pointer; color: var(--_soft); }
        label:has(:checked) { background: var(--_surface); border-color: var(--_line); color: var(--_ink); }
        label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px; }
        input { position: absolute; inset: 0; min-block-size: 0; block-size: 100%; opacity: 0; cursor: pointer; } }
      .file { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .5rem 1rem; border-radius: calc(var(--_radius) - .25rem); background: var(--_sunken); font-size: .9375rem; }
      .file p { overflow-wrap: anywhere; min-inline-size: 0; }
      @media (pointer: coarse) { .view label { min-block-size: 2.75rem; } }
      @media (forced-colors: active) { .view label:has(:checked) { background: SelectedItem; color: SelectedItemText; forced-color-adjust: none; } }
    `,
  ];

  @state() private source: Source = { type: 'live' };
  @state() private trouble: Trouble = { type: 'none' };
  @state() private view: 'lanes' | 'table' = 'lanes';
  @state() private filter: Filter = NO_FILTER;
  @state() private other: { name: string; timeline: Timeline } | undefined;
  @state() private timeline: Timeline = timelineOf([], Date.now(), true);
  #journal: readonly JournalEntry[] = [];
  #journalOf = '';
  #filtered: { of?: Timeline; by: Filter; result: Timeline } = { by: NO_FILTER, result: this.timeline };
  #requests: ReturnType<typeof watchRequests> | undefined;
  #outline = '';
  #reading: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#requests = watchRequests(() => this.#readSoon());
    document.addEventListener('visibilitychange', this.#onVisible);
    addEventListener('hashchange', this.#onVisible);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#requests?.stop();
    clearTimeout(this.#reading);
    this.#reading = undefined;
    document.removeEventListener('visibilitychange', this.#onVisible);
    removeEventListener('hashchange', this.#onVisible);
  }

  /** Reads the entries that were written while the timeline was off screen. */
  readonly #onVisible = (): void => {
    if (this.source.type === 'live' && !document.hidden && this.checkVisibility()) void this.#read();
  };

  #readSoon(): void {
    this.#reading ??= setTimeout(() => {
      this.#reading = undefined;
      this.#onVisible();
    }, READ_AFTER_MS);
  }

  get #account(): string {
    return this.snapshot?.sessionName ?? '';
  }

  async #read(): Promise<void> {
    const account = this.#account;
    const result = await this.keeper?.journal();
    // After a switch it is the journal of the account that the tab has left.
    if (!result || account !== this.#account) return;
    if (!result.ok) {
      this.trouble = { type: 'journal', problem: result.problem };
      return;
    }
    this.trouble = { type: 'none' };
    this.#journal = mergeEntries(account === this.#journalOf ? this.#journal : [], result.value);
    this.#journalOf = account;
    if (this.source.type === 'live') this.#rebuild();
  }

  #rebuild(): void {
    const { source } = this;
    const entries =
      source.type === 'file' ? source.entries : sortByTime(this.#journal, this.#requests?.entries() ?? []);
    this.timeline = timelineOf(entries, Date.now(), source.type === 'live');
  }

  /** What leaves this page: everything, or what a search, a lane or a range left. */
  #exported(): readonly JournalEntry[] {
    const { entries } = this.timeline;
    return isNarrowed(this.filter) ? filterEntries(entries, this.filter) : entries;
  }

  #json(): string {
    const { snapshot } = this;
    return snapshot ? JSON.stringify(timelineFile(this.#exported(), snapshot, Date.now()), null, 1) : '';
  }

  readonly #look = (name: string, entries: readonly JournalEntry[]): void => {
    this.source = { type: 'file', name, entries };
    this.#changeFilter({ range: undefined });
    this.#rebuild();
    this.#showAll();
  };

  readonly #compare = (name: string, entries: readonly JournalEntry[]): void => {
    this.other = { name, timeline: timelineOf(entries, Date.now(), false) };
  };

  readonly #changeFilter = (change: Partial<Filter>): void => {
    this.filter = { ...this.filter, ...change };
  };

  readonly #setTrouble = (text: string): void => {
    this.trouble = text === '' ? { type: 'none' } : { type: 'file', text };
  };

  #backToLive(): void {
    this.source = { type: 'live' };
    this.#changeFilter({ range: undefined });
    this.#rebuild();
    this.#showAll();
    this.#onVisible();
  }

  #showAll(): void {
    this.renderRoot.querySelector('session-lanes')?.fit();
  }

  protected override updated(changed: PropertyValues): void {
    const now = outline(this.snapshot);
    if (now === this.#outline && !changed.has('keeper')) return;
    const first = this.#outline === '';
    this.#outline = now;
    if (first) this.#onVisible();
    else this.#readSoon();
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const { trouble, source, timeline } = this;
    const file = source.type === 'file' ? source : undefined;
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${frameStrings().timeline}</h1>
      <p class="soft">${t.timelineLead}</p>
      <div class="card stack" part="card">
        ${
          file
            ? html`<div class="file"><p>${t.lookingAt(file.name, file.entries.length)}</p>
          <button @click=${this.#backToLive}>${t.backToLive}</button></div>`
            : nothing
        }
        ${this.#tools(file !== undefined)}${laneChoice(this.filter, this.#changeFilter)}
        <div role="alert">${trouble.type === 'journal' ? problemText(trouble.problem) : nothing}${trouble.type === 'file' ? trouble.text : nothing}</div>
        ${this.view === 'lanes' ? this.#lanes(!file) : this.#table()}
      </div>
      ${
        this.other
          ? html`<div class="card stack" part="card"><session-compare .here=${timeline} .there=${this.other.timeline} name=${this.other.name}></session-compare>
        <div class="row"><button @click=${() => {
          this.other = undefined;
        }}>${t.stopComparing}</button></div></div>`
          : nothing
      }
    </section>`;
  }

  #lanes(isLive: boolean): TemplateResult {
    return html`<session-lanes .timeline=${this.#shown()} .live=${isLive} .range=${this.filter.range} @timeline-range=${(
      event: Event,
    ) => {
      if (event instanceof RangeEvent) this.#changeFilter({ range: event.range });
    }}></session-lanes>`;
  }

  /** The same object while nothing in it changes, so that a selected event stays selected. */
  #shown(): Timeline {
    const { timeline, filter } = this;
    const { of, by } = this.#filtered;
    const isSame =
      of === timeline && by.text === filter.text && by.hidden === filter.hidden && by.internal === filter.internal;
    if (!isSame) this.#filtered = { of: timeline, by: filter, result: filterTimeline(timeline, filter) };
    return this.#filtered.result;
  }

  #table(): TemplateResult {
    const t = appStrings();
    const entries = filterEntries(this.timeline.entries, this.filter);
    if (entries.length === 0) return html`<p>${isNarrowed(this.filter) ? t.nothingFound : t.nothingYet}</p>`;
    return html`<session-events .entries=${entries} .raw=${this.filter.internal}></session-events>`;
  }

  #tools(isFile: boolean): TemplateResult {
    const t = appStrings();
    return html`<div class="row">
      <fieldset class="view"><legend class="unseen">${t.show}</legend>${(['lanes', 'table'] as const).map(
        (view) =>
          html`<label><input type="radio" name="view" .checked=${view === this.view} @change=${() => {
            this.view = view;
          }} />${t[view]}</label>`,
      )}</fieldset>
      ${searchField(this.timeline, this.filter, this.#changeFilter)}
      <span class="row end">
        ${isFile ? nothing : html`<button @click=${this.#read}>${t.refresh}</button>`}
        ${fileMenu({
          entries: () => this.#exported(),
          json: () => this.#json(),
          look: this.#look,
          compare: this.#compare,
          trouble: this.#setTrouble,
        })}
      </span>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-timeline': SessionTimeline;
  }
}
