import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { currentLanguage } from '../locale/language.ts';
import { appStrings } from '../strings/app-strings.ts';
import { entryText, laneKindOf, rawEntry } from './entry-text.ts';
import type { Lane, LaneKind, Timeline } from './model.ts';

/** A part of the time, in ms since the Unix epoch. */
export type TimeRange = { from: number; to: number };

/** A person selected a part of the time, or cleared it. */
export class RangeEvent extends Event {
  readonly range: TimeRange | undefined;

  constructor(range: TimeRange | undefined) {
    super('timeline-range');
    this.range = range;
  }
}

/**
 * What the timeline shows. `text`: each of its words is part of an entry, of its sentence or of its lane. `hidden`: lanes
 * that are off. `internal`: also internal steps and the app's own requests.
 */
export type Filter = { text: string; hidden: readonly LaneKind[]; internal: boolean; range?: TimeRange | undefined };

export const NO_FILTER: Filter = { text: '', hidden: [], internal: false };

/** Whether the filter leaves out events that a reader would look for. */
export const isNarrowed = ({ text, hidden, range }: Filter): boolean =>
  text.trim() !== '' || hidden.length > 0 || range !== undefined;

let searched = { language: '', texts: new WeakMap<JournalEntry, string>() };

/** Ten thousand sentences are made once, not on each key. */
const searchText = (entry: JournalEntry): string => {
  const language = currentLanguage();
  if (searched.language !== language) searched = { language, texts: new WeakMap() };
  const known = searched.texts.get(entry);
  if (known !== undefined) return known;
  const kind = laneKindOf(entry);
  const parts = [kind && appStrings().lane[kind], entryText(entry)?.text, rawEntry(entry), entry.worker];
  const made = parts.join(' ').toLocaleLowerCase();
  searched.texts.set(entry, made);
  return made;
};

const textMatcher = (text: string): ((entry: JournalEntry) => boolean) => {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (entry) => words.every((word) => searchText(entry).includes(word));
};

/** The entries that pass, in their order. An entry that belongs to no lane shows only with the internal steps. */
export const filterEntries = (entries: readonly JournalEntry[], filter: Filter): readonly JournalEntry[] => {
  const { hidden, internal, range } = filter;
  const hasText = textMatcher(filter.text);
  return entries.filter((entry) => {
    if (range && (entry.at < range.from || entry.at > range.to)) return false;
    if (!internal && entryText(entry)?.internal !== false) return false;
    const kind = laneKindOf(entry);
    return (kind === undefined || !hidden.includes(kind)) && hasText(entry);
  });
};

const filterLane = (lane: Lane, entries: readonly JournalEntry[], { text, internal }: Filter): Lane => {
  const hasText = textMatcher(text);
  const passes = ({ entry }: { entry: number }): boolean => {
    const found = entries[entry];
    return found !== undefined && hasText(found);
  };
  const isShown = (mark: { entry: number }): boolean => {
    const found = entries[mark.entry];
    return internal || lane.kind !== 'requests' || (found !== undefined && entryText(found)?.internal === false);
  };
  // a worker's span begins with its first entry, which may be about anything
  const spans = lane.kind === 'worker' ? lane.spans : lane.spans.filter(passes);
  return { ...lane, spans, marks: lane.marks.filter((mark) => isShown(mark) && passes(mark)) };
};

/** The same lanes without what does not pass. A lane that is on stays, even if nothing in it passes: nothing below it moves. */
export const filterTimeline = (timeline: Timeline, filter: Filter): Timeline => ({
  ...timeline,
  lanes: timeline.lanes
    .filter(({ kind }) => !filter.hidden.includes(kind))
    .map((lane) => filterLane(lane, timeline.entries, filter)),
});
