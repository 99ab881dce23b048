import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { JournalEntry } from '../protocol/bridge.ts';
import type { Problem } from '../protocol/problem.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { journalWords } from './journal-words.ts';
import { KeeperElement } from './keeper-element.ts';
import { dateTime, timeOfDay } from './time.ts';
import { problemWords } from './words.ts';

type Journal =
  | { state: 'closed' }
  | { state: 'reading' }
  | { state: 'read'; entries: readonly JournalEntry[] }
  | { state: 'failed'; problem: Problem };

/** Changes of state are worth reading the journal again; counters, which change all the time, are not. */
const outline = (snapshot: Snapshot | undefined): string =>
  snapshot
    ? [snapshot.worker.id, snapshot.session.state, ...Object.values(snapshot.sockets).map(({ state }) => state)].join()
    : '';

const save = (name: string, content: string): void => {
  const url = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
};

/**
 * The journal: what happened to this session, newest first, to read or to send to somebody who can help.
 * It holds no token (they are removed before anything is written down).
 *
 * @csspart card - the surface
 */
@customElement('session-timeline')
export class SessionTimeline extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      summary { cursor: pointer; padding: 1rem 1.25rem; font-weight: 600; border-radius: var(--_radius); }
      :host { container-type: inline-size; }
      .card { padding: 0; }
      .body { display: grid; gap: 1rem; padding: 0 1.25rem 1.25rem; }
      ol { max-block-size: 28rem; overflow: auto; border-block-start: 1px solid var(--_line); }
      li { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: 0 1rem; padding-block: .4375rem; border-block-end: 1px solid var(--_line); font-size: .875rem; content-visibility: auto; contain-intrinsic-block-size: auto 2.25rem; }
      .life { grid-template-columns: 1fr; color: var(--_accent); font-size: .8125rem; }
      .steps { display: block; }
      .every { display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.5rem; font-weight: 400; cursor: pointer; }
      .every input { inline-size: 1.125rem; min-block-size: 1.125rem; block-size: 1.125rem; margin: 0; accent-color: var(--_accent); }
      @container (inline-size < 30rem) { li { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @state() private journal: Journal = { state: 'closed' };
  @state() private every = false;
  @query('details') private readonly details!: HTMLDetailsElement;
  #outline = '';

  /** Opens the journal and reads it. */
  show(): void {
    this.details.open = true;
  }

  async #read(): Promise<void> {
    if (!this.keeper) return;
    if (this.journal.state !== 'read') this.journal = { state: 'reading' };
    const result = await this.keeper.journal();
    if (!this.details.open) return;
    this.journal = result.ok
      ? { state: 'read', entries: result.value.toSorted((a, b) => b.at - a.at) }
      : { state: 'failed', problem: result.problem };
  }

  #toggle(): void {
    if (this.details.open) void this.#read();
    else this.journal = { state: 'closed' };
  }

  #choose(event: Event): void {
    this.every = event.target instanceof HTMLInputElement && event.target.checked;
  }

  protected override updated(): void {
    const now = outline(this.snapshot);
    if (now === this.#outline) return;
    this.#outline = now;
    if (this.details.open) void this.#read();
  }

  protected override render(): TemplateResult {
    const { journal } = this;
    return html`<details class="card" part="card" @toggle=${this.#toggle}>
      <summary>Journal</summary>
      <div class="body">
        <p class="soft small">Everything that happened to this session on this device. It holds no password and no token.</p>
        <div class="row">
          <button @click=${this.#read}>Refresh</button>
          ${
            journal.state === 'read' && journal.entries.length > 0
              ? html`
            <button @click=${() => {
              save('session-journal.json', JSON.stringify(journal.entries, null, 2));
            }}>Save as file</button>`
              : nothing
          }
          <label class="every"><input type="checkbox" .checked=${this.every} @change=${this.#choose} />Every step</label>
        </div>
        <div role="alert">${journal.state === 'failed' ? problemWords(journal.problem) : nothing}</div>
        ${journal.state === 'read' ? this.#entries(journal.entries) : nothing}
      </div>
    </details>`;
  }

  #entries(all: readonly JournalEntry[]): TemplateResult {
    const entries = this.every ? all : all.filter((entry) => journalWords(entry));
    if (entries.length === 0) return html`<p>Nothing has happened yet.</p>`;
    return html`<ol tabindex="0" aria-label="Journal, newest first">
      ${entries.map((entry, index) => this.#entry(entry, (entries[index + 1] ?? entry).worker !== entry.worker))}
    </ol>`;
  }

  #entry(entry: JournalEntry, firstOfItsWorker: boolean): TemplateResult {
    const plain = journalWords(entry);
    const steps = [entry.machine, entry.what, entry.detail].filter(Boolean).join(' ');
    return html`
      <li>
        <time class="soft numbers" datetime=${new Date(entry.at).toISOString()} title=${dateTime(entry.at)}>${timeOfDay(entry.at)}</time>
        <span>${plain?.words} ${plain?.about ? html`<code class="soft">${plain.about}</code>` : nothing}
          ${this.every ? html`<code class="soft steps">${steps}</code>` : nothing}</span>
      </li>
      ${firstOfItsWorker ? html`<li class="life">A new worker took over</li>` : nothing}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-timeline': SessionTimeline;
  }
}
