import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';
import { markPerformance, onEvent, type KeeperEvent } from '../../src/telemetry/index.ts';
import { entriesAfter, eventOf, positionOf } from '../../src/telemetry/keeper-event.ts';
import { createFakeKeeper, offline, signedIn } from '../../src/testing/index.ts';

const NOW = Date.now();
let count = 0;
const entry = (machine: string, what: string, detail?: string): JournalEntry => ({
  at: NOW + (count += 1),
  worker: 'w1',
  machine,
  what,
  detail,
});

/** A page's web storage, of which a reload keeps the content. */
const storage = (): Storage => {
  const values = new Map<string, string>();
  const get = (key: string): string | null => values.get(key) ?? null;
  return { getItem: get, setItem: (key: string, value: string) => void values.set(key, value) } as unknown as Storage;
};

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.stubGlobal('localStorage', storage());
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const untilRead = () => vi.advanceTimersByTimeAsync(1_000);

describe('onEvent', () => {
  test('reports each entry once, over changes and reloads', async () => {
    const journal = [entry('state', 'starting'), entry('state', 'active')];
    const keeper = createFakeKeeper({ session: signedIn(), journal });
    const seen: string[] = [];
    const note = (event: KeeperEvent): void => void seen.push(event.type === 'state' ? event.state : event.type);
    const stop = onEvent(keeper, note);
    await untilRead();
    journal.push(entry('network', 'down'));
    keeper.show(offline());
    await untilRead();
    stop();
    journal.push(entry('state', 'degraded'));
    onEvent(createFakeKeeper({ session: offline(), journal }), note);
    await untilRead();
    expect(seen).toEqual(['starting', 'active', 'network', 'degraded']);
  });

  test('goes on when the listener throws, and when the storage does', async () => {
    vi.stubGlobal('reportError', vi.fn());
    vi.stubGlobal('localStorage', undefined);
    const seen: KeeperEvent[] = [];
    onEvent(createFakeKeeper({ journal: [entry('state', 'starting'), entry('state', 'active')] }), (event) => {
      seen.push(event);
      throw new Error('telemetry is down');
    });
    await untilRead();
    expect(seen).toHaveLength(2);
    expect(reportError).toHaveBeenCalledTimes(2);
  });

  test('reports only what must always be known from a browser outside the sample', async () => {
    const journal = [entry('state', 'active'), entry('state', 'signed-out')];
    const seen: KeeperEvent[] = [];
    onEvent(createFakeKeeper({ journal }), (event) => seen.push(event), { sampleRate: 0.5, random: () => 0.5 });
    await untilRead();
    expect(seen.map((event) => event.type === 'state' && event.state)).toEqual(['signed-out']);
  });

  test('keeps the decision of the sample over a reload', async () => {
    const journal = [entry('state', 'starting')];
    const draws = vi.fn<() => number>(() => 0.2);
    onEvent(createFakeKeeper({ journal }), () => undefined, { random: draws })();
    onEvent(createFakeKeeper({ journal }), () => undefined, { random: draws });
    await untilRead();
    journal.push(entry('state', 'active'));
    onEvent(createFakeKeeper({ journal }), () => undefined, { random: draws });
    await untilRead();
    expect(draws).toHaveBeenCalledTimes(1);
  });

  test('reports from one tab at a time where the browser has locks', async () => {
    const waiting: (() => unknown)[] = [];
    const request = (_name: string, _options: unknown, work: () => Promise<void>): Promise<void> => {
      waiting.push(work);
      return new Promise(() => undefined);
    };
    vi.stubGlobal('navigator', { locks: { request } });
    const seen: KeeperEvent[] = [];
    const keeper = createFakeKeeper({ journal: [entry('state', 'active')] });
    onEvent(keeper, (event) => seen.push(event));
    await untilRead();
    expect(seen).toEqual([]);
    waiting[0]?.();
    await untilRead();
    expect(seen).toHaveLength(1);
  });
});

describe('an event', () => {
  test.each([
    [entry('state', 'active'), { type: 'state', state: 'active' }],
    [entry('tabs', '3'), { type: 'tabs', count: 3 }],
    [entry('socket /api/socket', 'open'), { type: 'socket', url: '/api/socket', name: 'open' }],
    [entry('outbox', 'dropped'), { type: 'other', machine: 'outbox', name: 'dropped' }],
  ])('of %o has the type that says what it is about', (from, expected) => {
    expect(eventOf(from)).toMatchObject(expected);
  });

  test('has the attributes of a problem, and a text with spaces whole', () => {
    expect(
      eventOf(entry('session', 'grant-failed', 'call=3 code=timeout at=/token detail=no answer'))?.attributes,
    ).toEqual({
      call: '3',
      code: 'timeout',
      at: '/token',
      detail: 'no answer',
    });
  });

  test('is none for an effect of a machine', () => {
    expect(eventOf(entry('session', '→ save'))).toBeUndefined();
  });
});

describe('the entries after the last one', () => {
  test('are those behind it, also after the clock went back', () => {
    const first = entry('state', 'active');
    const second = { ...entry('state', 'refreshing'), at: first.at - 3_600_000 };
    expect(entriesAfter([first, second], positionOf(first))).toEqual([second]);
  });

  test('are the later ones when the journal has dropped it', () => {
    const [gone, second] = [entry('state', 'active'), entry('state', 'refreshing')];
    expect(entriesAfter([second], positionOf(gone))).toEqual([second]);
  });
});

describe('markPerformance', () => {
  afterEach(() => {
    performance.clearMarks();
    performance.clearMeasures();
  });

  test('marks events and measures the refresh and the restore', async () => {
    const journal = [entry('state', 'refreshing'), entry('state', 'saving'), entry('state', 'active')];
    const stop = markPerformance(createFakeKeeper({ session: signedIn(), journal }));
    await untilRead();
    stop();
    expect(performance.getEntriesByName('session-keeper:state:active')).toHaveLength(1);
    const [refresh] = performance.getEntriesByName('session-keeper:refresh');
    expect(refresh?.duration).toBeCloseTo(2, 0);
    expect(performance.getEntriesByName('session-keeper:restore')).toHaveLength(1);
  });
});
