import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { sortByTime, mergeEntries } from '../timeline/entries.ts';
import { MAX_FILE_BYTES, parseTimelineFile, timelineFile } from '../timeline/file.ts';
import { timelineOf, type Timeline } from '../timeline/model.ts';
import { watchRequests } from '../timeline/requests.ts';
import { problemText } from '../strings/problem-text.ts';
import '../timeline/session-events.ts';
import '../timeline/session-lanes.ts';

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

const save = (name: string, content: string): void => {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
};

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
    css`
      .end { margin-inline-start: auto; gap: .375rem; }
      .end button { min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
      fieldset { display: flex; gap: .25rem; padding: .25rem; border-radius: var(--_radius); background: var(--_sunken);
        label { position: relative; display: block; padding: .25rem .875rem; border: 1px solid transparent; border-radius: calc(var(--_radius) - .25rem); cursor: pointer; color: var(--_soft); }
        label:has(:checked) { background: var(--_surface); border-color: var(--_line); color: var(--_ink); }
        label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px; }
        input { position: absolute; inset: 0; min-block-size: 0; block-size: 100%; opacity: 0; cursor: pointer; } }
      .internal { display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.5rem; font-weight: 400; cursor: pointer; }
      .internal input { inline-size: 1.125rem; min-block-size: 1.125rem; block-size: 1.125rem; margin: 0; accent-color: var(--_accent); }
      .file { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .5rem 1rem; border-radius: calc(var(--_radius) - .25rem); background: var(--_sunken); font-size: .9375rem; }
      .file p { overflow-wrap: anywhere; min-inline-size: 0; }
      @media (forced-colors: active) { fieldset label:has(:checked) { background: SelectedItem; color: SelectedItemText; forced-color-adjust: none; } }
    `,
  ];

  @state() private source: Source = { type: 'live' };
  @state() private trouble: Trouble = { type: 'none' };
  @state() private view: 'lanes' | 'table' = 'lanes';
  @state() private showInternal = false;
  @state() private timeline: Timeline = timelineOf([], Date.now(), true);
  #journal: readonly JournalEntry[] = [];
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

  async #read(): Promise<void> {
    const result = await this.keeper?.journal();
    if (!result) return;
    if (!result.ok) {
      this.trouble = { type: 'journal', problem: result.problem };
      return;
    }
    this.trouble = { type: 'none' };
    this.#journal = mergeEntries(this.#journal, result.value);
    if (this.source.type === 'live') this.#rebuild();
  }

  #rebuild(): void {
    const { source } = this;
    const entries =
      source.type === 'file' ? source.entries : sortByTime(this.#journal, this.#requests?.entries() ?? []);
    this.timeline = timelineOf(entries, Date.now(), source.type === 'live');
  }

  #save(): void {
    const { snapshot } = this;
    if (!snapshot) return;
    const file = timelineFile(this.timeline.entries, snapshot, Date.now());
    save('session-timeline.json', JSON.stringify(file, null, 1));
  }

  async #open(event: Event): Promise<void> {
    const input = event.target;
    const file = input instanceof HTMLInputElement ? input.files?.[0] : undefined;
    if (!(input instanceof HTMLInputElement) || !file) return;
    const entries = file.size > MAX_FILE_BYTES ? undefined : parseTimelineFile(await file.text());
    input.value = '';
    if (!entries) {
      this.trouble = {
        type: 'file',
        text: file.size > MAX_FILE_BYTES ? appStrings().tooLarge : appStrings().notATimeline,
      };
      return;
    }
    this.trouble = { type: 'none' };
    this.source = { type: 'file', name: file.name, entries: sortByTime(entries) };
    this.#rebuild();
    this.#showAll();
    announce(appStrings().lookingAt(file.name, entries.length));
  }

  #backToLive(): void {
    this.source = { type: 'live' };
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
      <h1 id="title">${strings().timeline}</h1>
      <p class="soft">${t.timelineLead}</p>
      <div class="card stack" part="card">
        ${
          file
            ? html`<div class="file"><p>${t.lookingAt(file.name, file.entries.length)}</p>
          <button @click=${this.#backToLive}>${t.backToLive}</button></div>`
            : nothing
        }
        ${this.#tools(file !== undefined)}
        <div role="alert">${trouble.type === 'journal' ? problemText(trouble.problem) : nothing}${trouble.type === 'file' ? trouble.text : nothing}</div>
        ${
          this.view === 'lanes'
            ? html`<session-lanes .timeline=${timeline} .live=${!file}></session-lanes>`
            : html`<session-events .entries=${timeline.entries} .showInternal=${this.showInternal}></session-events>`
        }
      </div>
    </section>`;
  }

  #tools(isFile: boolean): TemplateResult {
    const t = appStrings();
    return html`<div class="row">
      <fieldset><legend class="unseen">${t.show}</legend>${(['lanes', 'table'] as const).map(
        (view) =>
          html`<label><input type="radio" name="view" .checked=${view === this.view} @change=${() => {
            this.view = view;
          }} />${t[view]}</label>`,
      )}</fieldset>
      ${
        this.view === 'table'
          ? html`<label class="internal"><input type="checkbox" .checked=${this.showInternal} @change=${(
              event: Event,
            ) => {
              this.showInternal = event.target instanceof HTMLInputElement && event.target.checked;
            }} />${t.internalSteps}</label>`
          : nothing
      }
      <span class="row end">
        ${isFile ? nothing : html`<button @click=${this.#read}>${t.refresh}</button>`}
        <button @click=${this.#save}>${t.saveFile}</button>
        <button @click=${this.#pick}>${t.openFile}</button>
        <input type="file" accept="application/json,.json" hidden aria-label=${t.openFile} @change=${this.#open} />
      </span>
    </div>`;
  }

  #pick(): void {
    this.renderRoot.querySelector<HTMLInputElement>('[type=file]')?.click();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-timeline': SessionTimeline;
  }
}
