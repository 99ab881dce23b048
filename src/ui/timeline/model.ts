import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { REQUEST } from './entries.ts';

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';
export type LaneKind = 'tabs' | 'worker' | 'token' | 'socket' | 'network' | 'requests';

/** A state that lasted from one entry of its lane to the next; `to` is Infinity while it lasts. Times in ms since the Unix epoch. */
export type Span = { from: number; to: number; tone: Tone; entry: number };
/** An event at one moment. `entry` is its index among all entries. */
export type Mark = { at: number; tone: Tone; entry: number };
/** Spans do not overlap; spans and marks are in the order of time. `about`: the socket's URL. */
export type Lane = { id: string; kind: LaneKind; about?: string | undefined; spans: Span[]; marks: Mark[] };

export type Timeline = { entries: readonly JournalEntry[]; lanes: readonly Lane[]; from: number; to: number };

/** `signed-out` is a neutral state; `addEntry` marks it as bad after trouble. */
const TOKEN: Readonly<Record<string, Tone>> = {
  starting: 'idle',
  'signed-out': 'idle',
  establishing: 'busy',
  active: 'good',
  refreshing: 'busy',
  saving: 'busy',
  ending: 'warn',
  degraded: 'warn',
  'sign-in-required': 'warn',
};

const SOCKET: Readonly<Record<string, Tone>> = {
  parked: 'idle',
  ticketing: 'busy',
  dialling: 'busy',
  open: 'good',
  resting: 'warn',
  stopped: 'bad',
};

/** The session events that show as a mark on the lane. */
const STEPS: Readonly<Record<string, Tone>> = {
  granted: 'good',
  verified: 'good',
  'signed-in': 'good',
  restored: 'good',
  'grant-failed': 'warn',
  'verify-failed': 'warn',
  'save-failed': 'warn',
  'load-failed': 'warn',
  erased: 'warn',
  refused: 'warn',
  'refused-again': 'warn',
  suspected: 'warn',
  'sign-in-failed': 'bad',
  'sign-out': 'bad',
};

const requestTone = (status: number): Tone => {
  if (status === 0 || status >= 500) return 'warn';
  return status >= 400 ? 'bad' : 'good';
};

const tableTone = (table: Readonly<Record<string, Tone>>, what: string): Tone | undefined =>
  Object.hasOwn(table, what) ? table[what] : undefined;

class Lanes {
  readonly #lanes = new Map<string, Lane>();

  get(kind: LaneKind, about?: string): Lane {
    const id = about === undefined ? kind : `${kind} ${about}`;
    const known = this.#lanes.get(id);
    if (known) return known;
    const lane: Lane = { id, kind, about, spans: [], marks: [] };
    this.#lanes.set(id, lane);
    return lane;
  }

  /** Ends the lane's last span and starts the next one. `tone` undefined: the state is unknown from now on. */
  startSpan(lane: Lane, at: number, tone: Tone | undefined, entry: number): void {
    const last = lane.spans.at(-1);
    if (last && last.to === Infinity) last.to = Math.max(last.from, at);
    if (tone) lane.spans.push({ from: at, to: Infinity, tone, entry });
  }

  /** In the order of display, without empty lanes. */
  all(): Lane[] {
    const order: readonly LaneKind[] = ['tabs', 'worker', 'token', 'socket', 'network', 'requests'];
    return order.flatMap((kind) =>
      [...this.#lanes.values()].filter((lane) => lane.kind === kind && lane.spans.length + lane.marks.length > 0),
    );
  }
}

const addEntry = (lanes: Lanes, { at, machine, what }: JournalEntry, entry: number): void => {
  const [name = '', about] = machine.split(' ', 2);
  switch (name) {
    case 'tabs':
      return lanes.startSpan(lanes.get('tabs'), at, what === '0' ? 'idle' : 'good', entry);
    case 'network':
      return lanes.startSpan(lanes.get('network'), at, what === 'up' ? 'good' : 'bad', entry);
    case 'state': {
      const lane = lanes.get('token');
      const tone = what === 'signed-out' && lane.spans.at(-1)?.tone === 'warn' ? 'bad' : tableTone(TOKEN, what);
      return lanes.startSpan(lane, at, tone ?? 'idle', entry);
    }
    case 'socket': {
      const tone = tableTone(SOCKET, what);
      return tone && lanes.startSpan(lanes.get('socket', about ?? ''), at, tone, entry);
    }
    case 'session': {
      const tone = tableTone(STEPS, what);
      if (tone) lanes.get('token').marks.push({ at, tone, entry });
      return;
    }
    case REQUEST:
      lanes.get('requests').marks.push({ at, tone: requestTone(Number(what)), entry });
  }
};

/** A worker's span runs from its first entry to its last one; it may have lived longer without writing. */
const addWorkers = (lanes: Lanes, entries: readonly JournalEntry[]): void => {
  const lane = lanes.get('worker');
  let current = '';
  entries.forEach(({ at, worker }, index) => {
    if (worker === '') return;
    const last = lane.spans.at(-1);
    if (worker !== current) lane.spans.push({ from: at, to: at, tone: 'good', entry: index });
    else if (last) last.to = at;
    current = worker;
  });
};

/** A new worker knows no tabs and sockets until it writes of them, so the states of the last worker end here. */
const endWithWorker = (lanes: Lanes, at: number): void => {
  for (const lane of lanes.all())
    if (lane.kind === 'tabs' || lane.kind === 'socket') lanes.startSpan(lane, at, undefined, 0);
};

/** Sorts the entries (oldest first) into lanes. `live`: the last worker still runs at `now` (ms since the Unix epoch). */
export const timelineOf = (entries: readonly JournalEntry[], now: number, live: boolean): Timeline => {
  const lanes = new Lanes();
  let worker = '';
  entries.forEach((entry, index) => {
    if (entry.worker !== '' && entry.worker !== worker) endWithWorker(lanes, entry.at);
    if (entry.worker !== '') worker = entry.worker;
    addEntry(lanes, entry, index);
  });
  addWorkers(lanes, entries);
  const from = entries[0]?.at ?? now;
  const to = live ? now : (entries.at(-1)?.at ?? now);
  const last = lanes.get('worker').spans.at(-1);
  if (last && live) last.to = Infinity;
  return { entries, lanes: lanes.all(), from, to: Math.max(to, from + 1) };
};

/** Index of the first element whose time is at or after `at`. */
export const firstFrom = <T>(sorted: readonly T[], at: number, timeOf: (item: T) => number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && timeOf(item) < at) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** A span or mark that a pointer can be on. */
export type Spot = { at: number; to: number; tone: Tone; entry: number; type: 'span' | 'mark' };

export const spotsOf = (lane: Lane): Spot[] =>
  [
    ...lane.spans.map((span): Spot => ({
      at: span.from,
      to: span.to,
      tone: span.tone,
      entry: span.entry,
      type: 'span',
    })),
    ...lane.marks.map((mark): Spot => ({ at: mark.at, to: mark.at, tone: mark.tone, entry: mark.entry, type: 'mark' })),
  ].toSorted((a, b) => a.at - b.at);

/** The next (1) or previous (-1) spot; the last one if none is selected. */
export const neighbourOf = (spots: readonly Spot[], selected: Spot | undefined, by: 1 | -1): Spot | undefined => {
  const current = spots.findIndex(({ entry, type }) => entry === selected?.entry && type === selected.type);
  return current < 0 ? spots.at(-1) : spots[Math.min(spots.length - 1, Math.max(0, current + by))];
};

/** The nearest mark within `reach` (ms) of a moment, else the span that lasts then. */
export const spotAt = (lane: Lane, at: number, reach: number): Spot | undefined => {
  const next = firstFrom(lane.marks, at, (mark) => mark.at);
  const near = [lane.marks[next - 1], lane.marks[next]]
    .filter((mark) => mark !== undefined)
    .filter((mark) => Math.abs(mark.at - at) <= reach)
    .toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0];
  if (near) return { at: near.at, to: near.at, tone: near.tone, entry: near.entry, type: 'mark' };
  const span = lane.spans[firstFrom(lane.spans, at + 1, ({ from }) => from) - 1];
  return span && span.to >= at - reach
    ? { at: span.from, to: span.to, tone: span.tone, entry: span.entry, type: 'span' }
    : undefined;
};
