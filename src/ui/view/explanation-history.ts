import { html, nothing, type TemplateResult } from 'lit';
import type { JournalEntry } from '../../protocol/bridge.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { explanationStrings } from '../strings/explanation-strings.ts';
import { timeOfDay } from '../strings/time.ts';
import { rawEntry, entryText } from '../timeline/entry-text.ts';

await loadAppStrings();

const MINUTE_MS = 60_000;
/** The last ones tell most; the timeline has all of them. */
const MAX_ENTRIES = 10;

/**
 * The entries that lead up to the end of the last session (`isOver`), or to now: those that can be said in words, oldest
 * first. Times in ms.
 */
export const leadingTo = (entries: readonly JournalEntry[], isOver: boolean, now: number): readonly JournalEntry[] => {
  const last = isOver
    ? entries.findLastIndex(({ machine, what }) => machine === 'state' && what === 'signed-out')
    : entries.length - 1;
  const end = isOver ? (entries[last]?.at ?? now) : now;
  return entries
    .slice(0, last + 1)
    .filter((entry) => entry.at <= end && end - entry.at <= MINUTE_MS && entryText(entry) !== undefined)
    .slice(-MAX_ENTRIES);
};

/** "Connected." says of what only beside the others of its lane; here it stands alone. */
const sentenceOf = (entry: JournalEntry): string => {
  const [machine] = entry.machine.split(' ', 1);
  const { token, socket } = appStrings().lane;
  const subject = machine === 'state' ? token : machine === 'socket' && socket;
  return [subject, entryText(entry)?.text].filter(Boolean).join(': ');
};

/** What happened, each with its time, in words, and as it was written where that says more. */
export const historyView = (entries: readonly JournalEntry[], isOver: boolean, now: number): TemplateResult => {
  const found = leadingTo(entries, isOver, now);
  if (found.length === 0) return html`<p>${explanationStrings().nothingBefore}</p>`;
  return html`<ol>${found.map(
    (entry) => html`<li>
      <time class="numbers" datetime=${new Date(entry.at).toISOString()}>${timeOfDay(entry.at)}</time>
      <span>${sentenceOf(entry)}</span>${entry.detail ? html`<code>${rawEntry(entry)}</code>` : nothing}</li>`,
  )}</ol>`;
};
