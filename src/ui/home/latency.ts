import { parseJson } from '../../protocol/schema/json.ts';
import { number, object } from '../../protocol/schema/schema.ts';
import { list } from '../../protocol/schema/schema-types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

/** A round trip of the live connection: `at` in ms since the Unix epoch, `ms` its length. */
const SAMPLES = list(object({ at: number, ms: number }));
export type LatencySample = { at: number; ms: number };

export const LATENCY_WINDOW_MS = 15 * 60_000;
/** This tab's own, kept over a reload. It belongs to one session, and goes with it. */
const KEY = 'session-keeper-latency';

const attempt = <T>(access: (storage: Storage) => T): T | undefined => {
  try {
    return access(sessionStorage);
  } catch {
    return undefined;
  }
};

export const loadLatency = (): readonly LatencySample[] =>
  SAMPLES.read(parseJson(attempt((storage) => storage.getItem(KEY)) ?? '')) ?? [];

/** No samples remove the saved ones. */
export const saveLatency = (samples: readonly LatencySample[]): void => {
  attempt((storage) =>
    samples.length === 0 ? storage.removeItem(KEY) : storage.setItem(KEY, JSON.stringify(samples)),
  );
};

/** The samples of the last 15 minutes with the newest round trip, if it is a new one. */
export const withLatency = (
  samples: readonly LatencySample[],
  sockets: Snapshot['sockets'],
  now: number,
): readonly LatencySample[] => {
  const measured = Object.values(sockets).find(
    ({ state, roundTripMs }) => state === 'open' && roundTripMs !== undefined,
  );
  const ms = measured?.roundTripMs;
  if (ms === undefined || ms === samples.at(-1)?.ms) return samples;
  return [...samples.filter(({ at }) => now - at < LATENCY_WINDOW_MS), { at: now, ms }];
};

/** A young session fills the picture with what there is: its first seconds would be a dot at the edge of 15 minutes. */
const LEAST_SHOWN_MS = 30_000;

/** The points of an SVG polyline in a box of `width` × `height`: the samples from left to right, the slowest at the top. */
export const sparkline = (
  samples: readonly LatencySample[],
  now: number,
  { width, height }: { width: number; height: number },
): string => {
  const slowest = Math.max(1, ...samples.map(({ ms }) => ms));
  const last = samples.at(-1);
  const shown = Math.min(LATENCY_WINDOW_MS, Math.max(LEAST_SHOWN_MS, now - (samples[0]?.at ?? now)));
  return [...samples, ...(last ? [{ at: now, ms: last.ms }] : [])]
    .map(({ at, ms }) => {
      const x = Math.max(0, width - ((now - at) / shown) * width);
      return `${x.toFixed(1)},${(height - (ms / slowest) * height).toFixed(1)}`;
    })
    .join(' ');
};
