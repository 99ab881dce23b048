import { html, nothing, type TemplateResult } from 'lit';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { loadAppStrings } from '../strings/app-strings.ts';
import { explanationStrings } from '../strings/explanation-strings.ts';
import { timeOfDay } from '../strings/time.ts';
import { entryText, rawEntry } from '../timeline/entry-text.ts';

await loadAppStrings();

const MINUTE_MS = 60_000;
/** The last entries explain most; the timeline has all of them. */
const MAX_ENTRIES = 10;

/**
 * The entries of the minute before the last session ended (`isOver`), or before `now` (ms since the Unix epoch). Oldest
 * first, without internal steps.
 */
export const leadingTo = (entries: readonly JournalEntry[], isOver: boolean, now: number): readonly JournalEntry[] => {
  const last = isOver
    ? entries.findLastIndex(({ machine, what }) => machine === 'state' && what === 'signed-out')
    : entries.length - 1;
  const end = isOver ? (entries[last]?.at ?? now) : now;
  return entries
    .slice(0, last + 1)
    .filter((entry) => entry.at <= end && end - entry.at <= MINUTE_MS && isShown(entry))
    .slice(-MAX_ENTRIES);
};

const isShown = (entry: JournalEntry): boolean => entryText(entry)?.internal === false;

/** A list of those entries: time, sentence, and the raw entry where it has details. */
export const historyView = (entries: readonly JournalEntry[], isOver: boolean, now: number): TemplateResult => {
  const found = leadingTo(entries, isOver, now);
  if (found.length === 0) return html`<p>${explanationStrings().nothingBefore}</p>`;
  return html`<ol>${found.map(
    (entry) => html`<li>
      <time class="numbers" datetime=${new Date(entry.at).toISOString()}>${timeOfDay(entry.at)}</time>
      <span>${entryText(entry)?.text}</span>${entry.detail ? html`<code>${rawEntry(entry)}</code>` : nothing}</li>`,
  )}</ol>`;
};
