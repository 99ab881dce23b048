import { parseJson } from '../../protocol/schema/json.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { array, optional, oneOf } from '../../protocol/schema/schema-types.ts';
import { FAULTS } from './faults.ts';

/**
 * One run of the page, from its start over any number of reloads. Times in ms since the Unix epoch.
 * - `asked`, `answered`: requests, and those with a 2xx. `failed`: an error while something was broken, as the site would
 *   see it. `refused`: a 401. `away`: requests that a reload took with it.
 * - `sent`: messages that the server has acknowledged. `seen`: their numbers that arrived. `doubled`: arrived twice.
 * - `faults`: what was done, and how long it took until request, message and session were good again (ms). `causedAt`: when
 *   the lever had done its work; a request before that proves nothing. `worker`: the one that has to be replaced.
 * - `endsAt`: when the minute is over; absent for single faults.
 */
export const LAB_STATE = object({
  phase: oneOf('running', 'settling', 'done'),
  startedAt: number,
  endsAt: optional(number),
  stoppedAt: optional(number),
  topic: string,
  asked: number,
  answered: number,
  failed: number,
  refused: number,
  away: number,
  next: number,
  sent: array(number, 10_000),
  seen: array(number, 10_000),
  doubled: number,
  signOuts: number,
  faults: array(
    object({
      name: oneOf(...FAULTS),
      at: number,
      causedAt: optional(number),
      worker: optional(string),
      recoveredMs: optional(number),
    }),
    1_000,
  ),
});
export type LabState = Infer<typeof LAB_STATE>;

export const newLabState = (startedAt: number, topic: string, endsAt?: number): LabState => ({
  ...{ phase: 'running', startedAt, endsAt, topic, next: 1, sent: [], seen: [], faults: [] },
  ...{ asked: 0, answered: 0, failed: 0, refused: 0, away: 0, doubled: 0, signOuts: 0 },
});

/** The messages that the server has, and that did not arrive. */
export const missing = ({ sent, seen }: LabState): readonly number[] => {
  const known = new Set(seen);
  return sent.filter((each) => !known.has(each));
};

export const pendingRequests = ({ asked, answered, failed, refused, away }: LabState): number =>
  asked - answered - failed - refused - away;

/** `open`: it still runs. `untested`: nothing was broken. The numbers are the evidence. */
export type LabVerdict = {
  type: 'open' | 'untested' | 'held' | 'broken';
  recoveries: readonly number[];
  unrecovered: number;
};

export const verdictOf = (state: LabState): LabVerdict => {
  const recoveries = state.faults.flatMap(({ recoveredMs }) => recoveredMs ?? []);
  const unrecovered = state.faults.length - recoveries.length;
  const isWhole =
    state.signOuts === 0 &&
    state.refused === 0 &&
    state.doubled === 0 &&
    unrecovered === 0 &&
    missing(state).length === 0 &&
    pendingRequests(state) === 0;
  if (state.phase !== 'done') return { type: 'open', recoveries, unrecovered };
  if (state.faults.length === 0 && isWhole) return { type: 'untested', recoveries, unrecovered };
  return { type: isWhole ? 'held' : 'broken', recoveries, unrecovered };
};

export const median = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** In sessionStorage, because a run goes on after a reload of its tab. It belongs to one session, and goes with it. */
const KEY = 'session-keeper-lab';

const attempt = <T>(access: (storage: Storage) => T): T | undefined => {
  try {
    return access(sessionStorage);
  } catch {
    return undefined;
  }
};

export const loadLabState = (): LabState | undefined =>
  LAB_STATE.read(parseJson(attempt((storage) => storage.getItem(KEY)) ?? ''));

export const saveLabState = (state: LabState | undefined): void => {
  attempt((storage) => (state ? storage.setItem(KEY, JSON.stringify(state)) : storage.removeItem(KEY)));
};
