import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAttachment, type TabHandlers } from '../../src/page/connection/attachment.ts';
import { greet, takeLeave } from '../../src/page/connection/greeting.ts';
import { startingSnapshot, withoutHost } from '../../src/page/connection/snapshot-store.ts';
import type { Transport } from '../../src/page/connection/transport.ts';

const nothing = (): void => undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const setUp = () => {
  const greetings: MessagePort[] = [];
  const host = { name: 'worker' };
  const transport = {
    attach: (_intro: unknown, port: MessagePort) => void greetings.push(port),
    currentHost: () => host.name,
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
  return { attachment, transport, host, greetings, calls, ending };
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

const INTRO = { tab: 'a', arrival: 'navigate', visible: true, topics: [], session: undefined, follows: true } as const;

test('takes the answer to a greeting that was made while its script loaded', async () => {
  const { attachment, transport, greetings, calls, ending } = setUp();
  const greeting = greet(transport, INTRO);
  greetings[0]?.postMessage({ type: 'snapshot', snapshot: startingSnapshot('service-worker', true) });
  await vi.advanceTimersByTimeAsync(10_000);
  attachment.attach('navigate', greeting);
  await vi.waitFor(() => expect(calls).toEqual(['snapshot']));
  expect(greetings.length).toBe(1);
  ending.abort();
  attachment.detach();
});

test('greets the worker that took control while its script loaded', () => {
  const { attachment, transport, greetings, ending, host } = setUp();
  const greeting = greet(transport, INTRO);
  host.name = 'next worker';
  attachment.attach('navigate', greeting);
  expect(greetings.length).toBe(2);
  ending.abort();
  attachment.detach();
});

test('takes leave of the host when the page goes before its script has loaded', async () => {
  const { transport, greetings } = setUp();
  takeLeave(greet(transport, INTRO));
  const [port] = greetings;
  const said = await new Promise<unknown>((resolve) => {
    if (port) port.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
  });
  expect(said).toEqual({ type: 'bye' });
  port?.close();
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
