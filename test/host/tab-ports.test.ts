import { afterEach, expect, test } from 'vitest';
import { createTabPorts, LINGER_MS, MAX_UNREAD_BYTES, type TabPorts } from '../../src/host/tabs/tab-ports.ts';
import { systemClock } from '../../src/host/runtime/clock.ts';
import type { TabIntro } from '../../src/protocol/bridge/bridge.ts';
import type { PortFrame } from '../../src/protocol/bridge/port-frames.ts';
import { startingSnapshot } from '../../src/page/connection/snapshot-store.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { PROTOCOL } from '../../src/protocol/version.ts';

/* Real message ports: the other end reads a message in a later task, or never. */

const EVENT_BYTES = 50_000;
const MORE_THAN_FITS = Math.ceil((2 * MAX_UNREAD_BYTES) / EVENT_BYTES);

type Page = { frames: PortFrame[]; port: MessagePort; until(test: () => boolean): Promise<void> };

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

const start = (): { tabs: TabPorts; gone: string[]; said: string[] } => {
  const gone: string[] = [];
  const said: string[] = [];
  const tabs = createTabPorts({
    clock: systemClock,
    onMessage: (_tab, message) => said.push(message.type),
    onChange: () => undefined,
    onGone: (tab) => gone.push(tab),
  });
  return { tabs, gone, said };
};

/** A page that answers `read` frames if `reads` is set. */
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
  const intro: TabIntro = { protocol: PROTOCOL, tab, arrival: 'navigate', visible: true, topics: [], follows: true };
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

/** Resolves when both ends have read all messages that were posted before. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Sends one event a turn, after the page `pace` has received the one before. */
const pour = async (tabs: TabPorts, to: readonly string[], pace: Page): Promise<void> => {
  for (let offset = 1; offset <= MORE_THAN_FITS; offset += 1) {
    for (const tab of to) tabs.send(tab, [event(offset)]);
    await pace.until(() => countOf(pace, 'event') === offset);
    await turn();
  }
};

test('sends any amount to a tab that reads', async () => {
  const { tabs, gone } = start();
  const reader = page(tabs, 'reader', { reads: true });
  await pour(tabs, ['reader'], reader);
  expect(countOf(reader, 'read')).toBeGreaterThan(1);
  expect(countOf(reader, 'overrun')).toBe(0);
  expect(gone).toEqual([]);
});

test('closes the port of a tab that does not read, after an `overrun` frame, and no other', async () => {
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

test('counts broadcasts too, so that the messages to a frozen tab stay bounded', async () => {
  const { tabs, gone } = start();
  const idle = page(tabs, 'idle', { reads: false });
  for (let count = 0; gone.length === 0; count += 1) {
    tabs.broadcast({ type: 'acked', id: 'x', offset: count });
    expect(count, 'frames without data count too').toBeLessThan(MAX_UNREAD_BYTES);
  }
  await idle.until(() => countOf(idle, 'overrun') === 1);
  expect(idle.frames.at(-1)).toEqual({ type: 'overrun' });
});

test('attaches a page under the same name when it reads again', async () => {
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

test('posts each run of socket messages by itself, and as a frame to a page of protocol 3', async () => {
  const { tabs } = start();
  const said: Record<string, unknown[]> = { now: [], before: [] };
  const all = Object.entries({ now: PROTOCOL, before: 3 }).map(([tab, protocol]) => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    tabs.add({ protocol, tab, arrival: 'navigate', visible: true, topics: [], follows: true }, port2);
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

test('shows a session that needs the person as degraded to a page of protocol 4, which would show no trouble', async () => {
  const { tabs } = start();
  const shown: Record<string, unknown> = {};
  const problem = { code: 'sign-in-required', at: '/token', status: 400 } as const;
  const session: SessionView = { state: 'sign-in-required', kind: 'oidc', nextTryAt: 1, attempt: 1, problem };
  const posted = Object.entries({ now: PROTOCOL, before: 4 }).map(([tab, protocol]) => {
    const { port1, port2 } = new MessageChannel();
    open.push(port1, port2);
    tabs.add({ protocol, tab, arrival: 'navigate', visible: true, topics: [], follows: true }, port2);
    return new Promise<void>((resolve) => {
      port1.onmessage = ({ data: [frame] }: MessageEvent<(PortFrame & { type: 'snapshot' })[]>) => {
        shown[tab] = frame?.snapshot.session.state;
        resolve();
      };
    });
  });
  tabs.broadcast({ type: 'snapshot', snapshot: { ...startingSnapshot('service-worker', true), session } });
  await Promise.all(posted);
  expect(shown).toEqual({ now: 'sign-in-required', before: 'degraded' });
});

test('counts the bytes of socket messages', async () => {
  const { tabs, gone } = start();
  page(tabs, 'tab', { reads: false });
  const run = (bytes: number): PortFrame => ({ type: 'socket-messages', socket: 's', run: { data: ['x'], bytes } });
  tabs.send('tab', [run(MAX_UNREAD_BYTES - 1_000)]);
  expect(gone).toEqual([]);
  tabs.send('tab', [run(1_000)]);
  expect(gone).toEqual(['tab']);
});

test('takes what a page says right after its goodbye, and sends it nothing more [leaving-port]', async () => {
  const { tabs, gone, said } = start();
  const leaving = page(tabs, 'a', { reads: true });
  leaving.port.postMessage({ type: 'bye' });
  leaving.port.postMessage({ type: 'socket-send', socket: 's', data: 'last words' });
  await expect.poll(() => said).toEqual(['socket-send']);
  expect([tabs.count, tabs.visible, gone]).toEqual([0, false, []]);
  tabs.send('a', [event(1)]);
  await expect.poll(() => gone).toEqual(['a']);
  expect(leaving.frames).toEqual([]);
});

test('keeps a page that came back within the moment of its goodbye', async () => {
  const { tabs, gone } = start();
  page(tabs, 'a', { reads: true }).port.postMessage({ type: 'bye' });
  await expect.poll(() => tabs.count).toBe(0);
  const back = page(tabs, 'a', { reads: true });
  await new Promise((resolve) => setTimeout(resolve, LINGER_MS + 50));
  expect([tabs.count, gone]).toEqual([1, []]);
  tabs.send('a', [event(1)]);
  await back.until(() => countOf(back, 'event') === 1);
});
