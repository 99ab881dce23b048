import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { ref } from 'lit/directives/ref.js';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { appStrings } from '../strings/app-strings.ts';
import { entryText, laneKindOf, rawEntry } from './entry-text.ts';
import { momentText } from './time-labels.ts';
import { baseStyles, theme } from '../look/theme.ts';

/** All rows have one height (CSS pixels), so the rows off screen need not exist. On a phone a sentence needs more lines. */
const ROW_PX = { wide: 40, narrow: 92 };
const NARROW_PX = 560;
const ROWS_BESIDE = 8;
const FIRST_ROWS = 24;

/** Set by script, because a strict Content-Security-Policy allows no style attribute in markup. */
const high =
  (pixels: number) =>
  (row: Element | undefined): void => {
    if (row instanceof HTMLElement) row.style.blockSize = `${pixels}px`;
  };

/**
 * The events of the lanes as a table, newest first. Only the rows near the visible part are in the document.
 *
 * @example
 * html`<session-events .entries=${entries} .raw=${true}></session-events>`
 */
@customElement('session-events')
export class SessionEvents extends LitElement {
  static override styles = [
    theme,
    baseStyles,
    css`
      .scroll { max-block-size: 30rem; overflow: auto; overscroll-behavior: contain; border-block: 1px solid var(--_line); }
      table { border-collapse: collapse; inline-size: 100%; table-layout: fixed; font-size: .875rem; }
      thead th { position: sticky; inset-block-start: 0; z-index: 1; background: var(--_surface); box-shadow: 0 1px var(--_line); font-weight: 500; color: var(--_soft); font-size: .8125rem; }
      th, td { text-align: start; padding: 0 .75rem 0 0; block-size: ${ROW_PX.wide}px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
      tbody tr { border-block-end: 1px solid var(--_line); }
      .time { inline-size: 12rem; }
      .lane { inline-size: 6.5rem; }
      .detail { inline-size: 30%; }
      .life td { color: var(--_accent); }
      .narrow { .lane, .detail { display: none; }
        .time { inline-size: 6.5rem; }
        td { font-size: .8125rem; line-height: 1.35; white-space: normal; block-size: ${ROW_PX.narrow}px; }
        td b { display: block; font-weight: 500; color: var(--_soft); } }
      .wide td b { display: none; }
    `,
  ];

  /** Oldest first. */
  @property({ attribute: false }) entries: readonly JournalEntry[] = [];
  /** Shows each entry as the worker wrote it, beside its sentence. */
  @property({ type: Boolean }) raw = false;
  @state() private size: keyof typeof ROW_PX = 'wide';
  @state() private first = 0;
  @state() private shown = FIRST_ROWS;
  @query('.scroll') private readonly scroller!: HTMLElement;

  readonly #resize = new ResizeObserver(() => {
    this.size = this.clientWidth < NARROW_PX ? 'narrow' : 'wide';
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  #scrolled(): void {
    const row = ROW_PX[this.size];
    this.first = Math.max(0, Math.floor(this.scroller.scrollTop / row) - ROWS_BESIDE);
    this.shown = Math.ceil(this.scroller.clientHeight / row) + 2 * ROWS_BESIDE;
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const rows = this.entries.toReversed();
    const first = Math.min(this.first, Math.max(0, rows.length - this.shown));
    const seen = rows.slice(first, first + this.shown);
    const below = rows.length - first - seen.length;
    const space = (count: number): TemplateResult | typeof nothing =>
      count > 0 ? html`<tr aria-hidden="true" ${ref(high(count * ROW_PX[this.size]))}></tr>` : nothing;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t.events(rows.length)} @scroll=${this.#scrolled}>
      <table class=${this.size} aria-rowcount=${rows.length + 1} aria-label=${frameStrings().timeline}>
        <thead><tr aria-rowindex="1"><th class="time" scope="col">${t.time}</th><th class="lane" scope="col">${t.laneName}</th><th scope="col">${t.what}</th><th class="detail" scope="col">${t.detail}</th></tr></thead>
        <tbody>${space(first)}${seen.map((entry, index) => this.#row(entry, first + index, rows))}${space(below)}</tbody>
      </table>
    </div>`;
  }

  #row(entry: JournalEntry, index: number, rows: readonly JournalEntry[]): TemplateResult {
    const t = appStrings();
    const older = rows[index + 1];
    const newLife = entry.worker !== '' && older !== undefined && older.worker !== '' && older.worker !== entry.worker;
    const kind = laneKindOf(entry);
    const lane = kind ? t.lane[kind] : '';
    const what = entryText(entry)?.text ?? rawEntry(entry);
    const detail = this.raw ? rawEntry(entry) : entryText(entry)?.about;
    return html`<tr class=${newLife ? 'life' : ''} aria-rowindex=${index + 2}>
      <td class="time numbers"><time datetime=${new Date(entry.at).toISOString()}>${momentText(entry.at)}</time></td>
      <td class="lane">${lane}</td>
      <td title=${what}><b>${lane}</b>${what}${newLife ? ` ${t.workerTookOver}` : nothing}</td>
      <td class="detail" title=${detail ?? ''}><code class="soft">${detail ?? nothing}</code></td>
    </tr>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-events': SessionEvents;
  }
}
