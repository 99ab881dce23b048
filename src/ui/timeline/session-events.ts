import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { ref } from 'lit/directives/ref.js';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { strings } from '../strings/strings.ts';
import { appStrings } from '../strings/app-strings.ts';
import { dateTime, timeOfDay } from '../strings/time.ts';
import { entrySentence, entryText, rawEntry } from './entry-text.ts';
import { baseStyles, theme } from '../look/theme.ts';

/** All rows have one height (CSS pixels), so the rows off screen need not exist. */
const ROW_PX = 40;
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
 * html`<session-events .entries=${entries} .showInternal=${true}></session-events>`
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
      th, td { text-align: start; padding: 0 .75rem 0 0; block-size: ${ROW_PX}px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
      tbody tr { border-block-end: 1px solid var(--_line); }
      .time { inline-size: 7rem; }
      .life td { color: var(--_accent); }
      @media (width < 48rem) { .detail { display: none; } .time { inline-size: 6.25rem; } td { font-size: .8125rem; } }
    `,
  ];

  /** Oldest first. */
  @property({ attribute: false }) entries: readonly JournalEntry[] = [];
  /** Also shows internal steps, as the worker wrote them. */
  @property({ type: Boolean }) showInternal = false;
  @state() private first = 0;
  @state() private shown = FIRST_ROWS;
  @query('.scroll') private readonly scroller!: HTMLElement;

  #scrolled(): void {
    this.first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_PX) - ROWS_BESIDE);
    this.shown = Math.ceil(this.scroller.clientHeight / ROW_PX) + 2 * ROWS_BESIDE;
  }

  #rows(): readonly JournalEntry[] {
    return (
      this.showInternal ? this.entries : this.entries.filter((entry) => entryText(entry)?.internal === false)
    ).toReversed();
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const rows = this.#rows();
    if (rows.length === 0) return html`<p>${t.nothingYet}</p>`;
    const first = Math.min(this.first, Math.max(0, rows.length - this.shown));
    const seen = rows.slice(first, first + this.shown);
    const below = rows.length - first - seen.length;
    const space = (count: number): TemplateResult | typeof nothing =>
      count > 0 ? html`<tr aria-hidden="true" ${ref(high(count * ROW_PX))}></tr>` : nothing;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t.events(rows.length)} @scroll=${this.#scrolled}>
      <table aria-rowcount=${rows.length + 1} aria-label=${strings().timeline}>
        <thead><tr aria-rowindex="1"><th class="time" scope="col">${t.time}</th><th scope="col">${t.what}</th><th class="detail" scope="col">${t.detail}</th></tr></thead>
        <tbody>${space(first)}${seen.map((entry, index) => this.#row(entry, first + index, rows))}${space(below)}</tbody>
      </table>
    </div>`;
  }

  #row(entry: JournalEntry, index: number, rows: readonly JournalEntry[]): TemplateResult {
    const t = appStrings();
    const older = rows[index + 1];
    const newLife = entry.worker !== '' && older !== undefined && older.worker !== '' && older.worker !== entry.worker;
    const what = entrySentence(entry) ?? rawEntry(entry);
    const detail = this.showInternal ? rawEntry(entry) : entryText(entry)?.about;
    return html`<tr class=${newLife ? 'life' : ''} aria-rowindex=${index + 2}>
      <td class="time numbers"><time datetime=${new Date(entry.at).toISOString()} title=${dateTime(entry.at)}>${timeOfDay(entry.at)}</time></td>
      <td title=${what}>${what}${newLife ? ` ${t.workerTookOver}.` : nothing}</td>
      <td class="detail" title=${detail ?? ''}><code class="soft">${detail ?? nothing}</code></td>
    </tr>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-events': SessionEvents;
  }
}
