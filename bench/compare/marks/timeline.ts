import type { Stage } from '../stage.ts';
import { median } from '../statistics.ts';
import { pageNotes, workerNotes, type Note } from './notes.ts';

/** What happened in one measure, in the order of time. `at`: ms since the page began to load, or since it asked. */
export type Timeline = readonly { name: string; at: number }[];

const named = (where: string, notes: readonly Note[]): Note[] =>
  notes.map(({ what, detail = '', at }) => ({ what: `${where} ${what} ${detail}`.trim(), at }));

/** Where the measure began and ended. A page that does nothing by itself was measured by its last request. */
const frameOf = (page: readonly Note[]): { from: number; to: number } => {
  const last = (name: string): number | undefined => page.findLast(({ what }) => what === name)?.at;
  const verified = last('verified');
  return verified === undefined
    ? { from: last('fetch') ?? 0, to: last('fetch done') ?? 0 }
    : { from: last('navigation') ?? 0, to: verified };
};

/** Call it right after the measure, in the same document. */
export const timelineOf = async (stage: Stage): Promise<Timeline> => {
  const page = await pageNotes(stage);
  const { from, to } = frameOf(page);
  return [...named('page', page), ...named('worker', await workerNotes(stage))]
    .filter(({ at }) => at >= from && at <= to)
    .toSorted((a, b) => a.at - b.at)
    .map(({ what, at }) => ({ name: what, at: at - from }));
};

/** The second of two equal names gets a number, and so on. */
const numbered = (timeline: Timeline): ReadonlyMap<string, number> => {
  const times = new Map<string, number>();
  for (const { name, at } of timeline) {
    let number = 1;
    while (times.has(number === 1 ? name : `${name} #${number}`)) number += 1;
    times.set(number === 1 ? name : `${name} #${number}`, at);
  }
  return times;
};

const COLUMN = 9;

/** The median time of each thing that happened in most of the rounds. */
export const timelineTable = (timelines: readonly Timeline[]): string => {
  const rounds = timelines.map(numbered);
  const names = new Set(rounds.flatMap((round) => [...round.keys()]));
  const rows = [...names]
    .map((name) => ({ name, times: rounds.flatMap((round) => round.get(name) ?? []) }))
    .filter(({ times }) => times.length > rounds.length / 2)
    .map(({ name, times }) => ({ name, at: median(times), share: `${times.length} of ${rounds.length}` }))
    .toSorted((a, b) => a.at - b.at);
  return rows
    .map(
      ({ name, at, share }) =>
        `${at.toFixed(1).padStart(COLUMN)}  ${name}${share.startsWith(`${rounds.length} `) ? '' : ` (${share})`}`,
    )
    .join('\n');
};
