import { html, nothing, type TemplateResult } from 'lit';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { loadAppStrings } from '../strings/app-strings.ts';
import { explanationStrings } from './explanation-strings.ts';
import { timeOfDay } from '../text/time.ts';
import { entryText, rawEntry } from '../timeline/entry-text.ts';

await loadAppStrings();

const MINUTE_MS = 60_000;
/** The last entries explain most; the timeline has all of them. */
const MAX_ENTRIES = 10;

/** What the entries lead to: trouble that lasts, the end of the last session, or a sign-in that failed since that end. */
export type StoryEnd = 'trouble' | 'end' | 'sign-in';

type IsEnd = (entry: JournalEntry) => boolean;

const isSignedOut: IsEnd = ({ machine, what }) => machine === 'state' && what === 'signed-out';
const isFailedSignIn: IsEnd = ({ machine, what }) => machine === 'session' && what === 'sign-in-failed';
const isAny: IsEnd = () => true;

const ENDS: Record<StoryEnd, readonly IsEnd[]> = {
  trouble: [isAny],
  end: [isSignedOut],
  'sign-in': [isSignedOut, isFailedSignIn],
};

/** The entries of the minute before that, or before `now` (ms since the Unix epoch). Oldest first, without internal steps. */
export const leadingTo = (entries: readonly JournalEntry[], to: StoryEnd, now: number): readonly JournalEntry[] => {
  const ends = ENDS[to].map((isEnd) => {
    const place = entries.findLastIndex(isEnd);
    return { place, at: to === 'trouble' ? now : (entries[place]?.at ?? now) };
  });
  return entries
    .filter((entry, index) =>
      ends.some(({ place, at }) => index <= place && entry.at <= at && at - entry.at <= MINUTE_MS && isShown(entry)),
    )
    .slice(-MAX_ENTRIES);
};

const isShown = (entry: JournalEntry): boolean => entryText(entry)?.internal === false;

/** A list of those entries: time, sentence, and the raw entry where it has details. */
export const historyView = (entries: readonly JournalEntry[], to: StoryEnd, now: number): TemplateResult => {
  const found = leadingTo(entries, to, now);
  if (found.length === 0) return html`<p>${explanationStrings().nothingBefore}</p>`;
  return html`<ol>${found.map(
    (entry) => html`<li>
      <time class="numbers" datetime=${new Date(entry.at).toISOString()}>${timeOfDay(entry.at)}</time>
      <span>${entryText(entry)?.text}</span>${entry.detail ? html`<code>${rawEntry(entry)}</code>` : nothing}</li>`,
  )}</ol>`;
};
