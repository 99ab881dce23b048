import { afterEach, expect, test } from 'vitest';
import { createTabPorts, MAX_UNREAD_BYTES, type TabPorts } from '../../src/host/tabs/tab-ports.ts';
import type { TabIntro, PortFrame } from '../../src/protocol/bridge.ts';
import { PROTOCOL } from '../../src/protocol/version.ts';

/* Real ports: what one end posts the other takes in a later turn, or never. */

const EVENT_BYTES = 50_000;
const MORE_THAN_FITS = Math.ceil((2 * MAX_UNREAD_BYTES) / EVENT_BYTES);

type Page = { frames: PortFrame[]; port: MessagePort; until(test: () => boolean): Promise<void> };

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

const start = (): { tabs: TabPorts; gone: string[] } => {
  const gone: string[] = [];
  const tabs = createTabPorts({
    onMessage: () => undefined,
    onChange: () => undefined,
    onGone: (tab) => gone.push(tab),
  });
  return { tabs, gone };
};

/** A page that says what it has read, as long as it `reads`. */
const page = (tabs: TabPorts, tab: string, options: { reads: boolean }): Page => {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const frames: PortFrame[] = [];
  let look = (): void => undefined;
  port1.onmessage = ({ data }: MessageEvent<PortFrame[]>) => {
    frames.push(...data);
    if (options.reads && data.some(({ type }) => type === 'read')) port1.postMessage({ type: 'read' });
    look();
  };
  const intro: TabIntro = { protocol: PROTOCOL, tab, arrival: 'navigate', visible: true, topics: [] };
  tabs.add(intro, port2);
  const until = (check: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      look = () => check() && resolve();
      look();
    });
  return { frames, port: port1, until };
};

const event = (offset: number): PortFrame => ({
  type: 'event',
  topic: 'a',
  epoch: 'e',
  offset,
  data: offset,
  bytes: EVENT_BYTES,
});
const countOf = ({ frames }: Page, type: PortFrame['type']): number =>
  frames.filter((frame) => frame.type === type).length;

/** What was posted until now has been taken, and so has what was answered. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** One event a turn, once the `pace` page has the one before. */
const pour = async (tabs: TabPorts, to: readonly string[], pace: Page): Promise<void> => {
  for (let offset = 1; offset <= MORE_THAN_FITS; offset += 1) {
    for (const tab of to) tabs.send(tab, [event(offset)]);
    await pace.until(() => countOf(pace, 'event') === offset);
    await turn();
  }
};

test('a tab that reads is given any amount', async () => {
  const { tabs, gone } = start();
  const reader = page(tabs, 'reader', { reads: true });
  await pour(tabs, ['reader'], reader);
  expect(countOf(reader, 'read')).toBeGreaterThan(1);
  expect(countOf(reader, 'overrun')).toBe(0);
  expect(gone).toEqual([]);
});

test('a tab that does not read is given so much, is told so last, and costs the others nothing', async () => {
  const { tabs, gone } = start();
  const reader = page(tabs, 'reader', { reads: true });
  const idle = page(tabs, 'idle', { reads: false });
  await pour(tabs, ['reader', 'idle'], reader);
  await idle.until(() => countOf(idle, 'overrun') === 1);
  expect(gone).toEqual(['idle']);
  expect(tabs.count).toBe(1);
  expect(idle.frames.at(-1)).toEqual({ type: 'overrun' });
  expect(countOf(idle, 'event') * EVENT_BYTES).toBeLessThan(MAX_UNREAD_BYTES + EVENT_BYTES);
  expect(countOf(reader, 'event')).toBe(MORE_THAN_FITS);
});

test('what every tab is told counts too, so that a tab frozen for hours is not told for hours', async () => {
  const { tabs, gone } = start();
  const idle = page(tabs, 'idle', { reads: false });
  for (let count = 0; gone.length === 0; count += 1) {
    tabs.broadcast({ type: 'acked', id: 'x', offset: count });
    expect(count, 'frames without data weigh something').toBeLessThan(MAX_UNREAD_BYTES);
  }
  await idle.until(() => countOf(idle, 'overrun') === 1);
  expect(idle.frames.at(-1)).toEqual({ type: 'overrun' });
});

test('a page that is reading again comes back under the same name', async () => {
  const { tabs, gone } = start();
  const idle = page(tabs, 'tab', { reads: false });
  tabs.send(
    'tab',
    Array.from({ length: MORE_THAN_FITS }, (_, index) => event(index + 1)),
  );
  await idle.until(() => countOf(idle, 'overrun') === 1);
  expect(gone).toEqual(['tab']);
  const back = page(tabs, 'tab', { reads: true });
  tabs.send('tab', [event(1)]);
  await back.until(() => countOf(back, 'event') === 1);
  expect(tabs.has('tab')).toBe(true);
});

test('what a socket hears is a message of its own, in its place; a page of the protocol before has it as a frame', async () => {
  const { tabs } = start();
  const said: Record<string, unknown[]> = { now: [], before: [] };
  const all = Object.entries({ now: PROTOCOL, before: PROTOCOL - 1 }).map(([tab, protocol]) => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    tabs.add({ protocol, tab, arrival: 'navigate', visible: true, topics: [] }, port2);
    const last = new Promise<void>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<unknown>) => {
        said[tab]?.push(data);
        if (JSON.stringify(data).includes('last')) resolve();
      };
    });
    return { tab, last };
  });
  const run = (...data: string[]): PortFrame => ({ type: 'socket-messages', socket: 's', run: { data, bytes: 6 } });
  const acked = (offset: number): PortFrame => ({ type: 'acked', id: 'a', offset });
  const frames = [acked(1), run('one', 'two'), acked(2), acked(3), run('three'), run('last')];
  for (const { tab } of all) tabs.send(tab, frames);
  await Promise.all(all.map(({ last }) => last));
  const runs = ['one,two', 'three', 'last'].map((words) => ['s', ...words.split(',')]);
  expect(said).toEqual({
    now: [[acked(1)], runs[0], [acked(2), acked(3)], runs[1], runs[2]],
    before: [frames],
  });
});

test('what sockets hear weighs as much as it is long', async () => {
  const { tabs, gone } = start();
  page(tabs, 'tab', { reads: false });
  const run = (bytes: number): PortFrame => ({ type: 'socket-messages', socket: 's', run: { data: ['x'], bytes } });
  tabs.send('tab', [run(MAX_UNREAD_BYTES - 1_000)]);
  expect(gone).toEqual([]);
  tabs.send('tab', [run(1_000)]);
  expect(gone).toEqual(['tab']);
});
