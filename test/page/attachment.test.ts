import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAttachment, type TabHandlers } from '../../src/page/connection/attachment.ts';
import { startingSnapshot, withoutHost } from '../../src/page/connection/snapshot-store.ts';
import type { Transport } from '../../src/page/connection/transport.ts';

const nothing = (): void => undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const withResolvers = () => {
  let resolve = nothing;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve() };
};

const setUp = (loaded: Promise<unknown> = Promise.resolve()) => {
  const greetings: MessagePort[] = [];
  const transport = {
    attach: (_intro: unknown, port: MessagePort) => void greetings.push(port),
    currentHost: () => 'worker',
    keepAlive: { start: nothing, stop: nothing, workerDied: nothing },
    hostGone: () => new Promise<void>(nothing),
    hostDied: nothing,
    repair: () => Promise.resolve(),
    watchControl: nothing,
    awaitTakeover: () => Promise.resolve(),
  } as unknown as Transport;
  const calls: string[] = [];
  const say = (what: string) => (): void => void calls.push(what);
  const tab: TabHandlers = {
    id: 'a',
    session: () => ({ session: undefined, follows: true }),
    switched: say('switched'),
    visible: () => true,
    topics: () => [],
    loaded,
    portOpened: nothing,
    showSnapshot: say('snapshot'),
    welcomed: say('welcomed'),
    unanswered: say('unanswered'),
    receive: nothing,
    receiveBatch: nothing,
    incompatible: nothing,
  };
  const ending = new AbortController();
  const attachment = createAttachment(transport, tab, ending.signal);
  return { attachment, greetings, calls, ending };
};

test('reports an unanswered greeting once for each of them, and greets again [greeting-unanswered]', async () => {
  const { attachment, greetings, calls, ending } = setUp();
  attachment.attach('navigate');
  await vi.advanceTimersByTimeAsync(2_999);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect([calls, greetings.length]).toEqual([['unanswered'], 2]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([calls, greetings.length]).toEqual([['unanswered', 'unanswered'], 3]);
  ending.abort();
  attachment.detach();
});

test('greets while the rest of its script loads, and takes the answer afterwards', async () => {
  const { promise: loaded, resolve } = withResolvers();
  const { attachment, greetings, calls, ending } = setUp(loaded);
  attachment.attach('navigate');
  const [port] = greetings;
  port?.postMessage({ type: 'snapshot', snapshot: startingSnapshot('service-worker', true) });
  await vi.advanceTimersByTimeAsync(10_000);
  expect([calls, greetings.length]).toEqual([[], 1]);
  resolve();
  await vi.waitFor(() => expect(calls).toEqual(['snapshot']));
  ending.abort();
  attachment.detach();
});

test('shows each socket as not connected when no host has answered', () => {
  const open = { state: 'open', since: 1, sent: 2, received: 3, resumed: 0, lost: 0 } as const;
  const before = { ...startingSnapshot('service-worker', true), sockets: { '/api/socket': open } };
  expect(withoutHost(before).sockets['/api/socket']).toMatchObject({
    state: 'resting',
    received: 3,
    problem: { code: 'no-worker' },
  });
});
