import { afterEach, expect, test } from 'vitest';
import { createTabs, UNREAD_MAX, type Tabs } from '../../src/host/tabs.ts';
import type { Intro, PortFrame } from '../../src/protocol/bridge.ts';
import { PROTOCOL } from '../../src/protocol/version.ts';

/* Real ports: what one end posts the other takes in a later turn, or never. */

const EVENT_BYTES = 50_000;
const MORE_THAN_FITS = Math.ceil((2 * UNREAD_MAX) / EVENT_BYTES);

type Page = { frames: PortFrame[]; port: MessagePort; until(test: () => boolean): Promise<void> };

const open: MessagePort[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

const start = (): { tabs: Tabs; gone: string[] } => {
  const gone: string[] = [];
  const tabs = createTabs({ onMessage: () => undefined, onChange: () => undefined, onGone: (tab) => gone.push(tab) });
  return { tabs, gone };
};

/** A page that says what it has read, as long as it `reads`. */
const page = (tabs: Tabs, tab: string, options: { reads: boolean; protocol?: number }): Page => {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  const frames: PortFrame[] = [];
  let look = (): void => undefined;
  port1.onmessage = ({ data }: MessageEvent<PortFrame[]>) => {
    frames.push(...data);
    if (options.reads && data.some(({ type }) => type === 'read')) port1.postMessage({ type: 'read' });
    look();
  };
  const intro: Intro = { protocol: options.protocol ?? PROTOCOL, tab, arrival: 'navigate', visible: true, topics: [] };
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

/** One event a turn, once the `pace` page has the one before. */
const pour = async (tabs: Tabs, to: readonly string[], pace: Page): Promise<void> => {
  for (let offset = 1; offset <= MORE_THAN_FITS; offset += 1) {
    for (const tab of to) tabs.push(tab, [event(offset)]);
    await pace.until(() => countOf(pace, 'event') === offset);
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
  expect(countOf(idle, 'event') * EVENT_BYTES).toBeLessThan(UNREAD_MAX + EVENT_BYTES);
  expect(countOf(reader, 'event')).toBe(MORE_THAN_FITS);
});

test('what every tab is told counts too, so that a tab frozen for hours is not told for hours', async () => {
  const { tabs, gone } = start();
  const idle = page(tabs, 'idle', { reads: false });
  for (let turn = 1; gone.length === 0; turn += 1) {
    for (let i = 0; i < 1_000; i += 1) tabs.pushAll({ type: 'acked', id: 'x', offset: 1 });
    await idle.until(() => countOf(idle, 'acked') >= turn * 1_000);
    expect(turn, 'frames without data weigh something').toBeLessThan(UNREAD_MAX / 1_000);
  }
  expect(idle.frames.at(-1)).toEqual({ type: 'overrun' });
});

test('a page that is reading again comes back under the same name', async () => {
  const { tabs, gone } = start();
  const idle = page(tabs, 'tab', { reads: false });
  tabs.push(
    'tab',
    Array.from({ length: MORE_THAN_FITS }, (_, index) => event(index + 1)),
  );
  await idle.until(() => countOf(idle, 'overrun') === 1);
  expect(gone).toEqual(['tab']);
  const back = page(tabs, 'tab', { reads: true });
  tabs.push('tab', [event(1)]);
  await back.until(() => countOf(back, 'event') === 1);
  expect(tabs.has('tab')).toBe(true);
});

test('a page of the first protocol, which never says what it read, is given everything', async () => {
  const { tabs, gone } = start();
  const old = page(tabs, 'old', { reads: false, protocol: 1 });
  await pour(tabs, ['old'], old);
  expect(gone).toEqual([]);
});
