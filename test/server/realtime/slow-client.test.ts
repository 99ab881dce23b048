import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createServerClock } from '../../../server/base/server-clock.ts';
import { createEventStreams } from '../../../server/realtime/event-streams.ts';
import { MAX_FRAME_BYTES } from '../../../server/realtime/hub-connection.ts';
import { createTopicHub, type Hub } from '../../../server/realtime/hub.ts';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { createAdmissionControl } from '../../../server/limits/admission-control.ts';
import { createSessionRevocations } from '../../../server/http/principal.ts';
import { createStats } from '../../../server/base/stats.ts';
import { createTicketStore } from '../../../server/auth/tickets.ts';
import { createTopics, type Topics } from '../../../server/realtime/topics.ts';
import { createLmdbStorage } from '../../../server/storage/lmdb-storage.ts';
import type { Storage } from '../../../server/storage/storage.ts';
import { parseServerFrame, type ClientFrame, type ServerFrame } from '../../../src/protocol/frames.ts';
import { temporaryDir } from '../support/start.ts';

/* The hub with access to its sockets, to see what it buffers for a client that does not read. */

const OWNER = { owner: 'demo', sub: 'demo', name: 'Demo', session: 's', expiresAt: Date.now() + 3_600_000 };
const PADDING = 'x'.repeat(10_000);
const COUNT = 2_000;
const TOPIC = 'flood';

type Client = { frames: ServerFrame[]; send(frame: ClientFrame): void; ws: WebSocket; far: WebSocket };

let folder: ReturnType<typeof temporaryDir>;
let store: ReturnType<typeof openLmdbStore>;
let storage: Storage;
let topics: Topics;
let hub: Hub;
let listener: WebSocketServer;

beforeEach(async () => {
  folder = temporaryDir();
  store = openLmdbStore(folder.dir);
  storage = createLmdbStorage(store);
  topics = createTopics(storage.topicLog);
  const admissionControl = createAdmissionControl({ perSecond: 200, now: () => performance.now() });
  const revocations = createSessionRevocations(storage);
  const parts = { storage, clock: createServerClock(), topics, revocations, admissionControl, heartbeatMs: 30_000 };
  hub = createTopicHub({ ...parts, tickets: createTicketStore(storage, createStats(), revocations) });
  listener = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MAX_FRAME_BYTES });
  await once(listener, 'listening');
});

afterEach(async () => {
  await hub.stop();
  for (const client of listener.clients) client.terminate();
  listener.close();
  await once(listener, 'close');
  await store.close();
  folder.remove();
});

/** Both ends of a socket. */
const connect = async (): Promise<{ ws: WebSocket; far: WebSocket }> => {
  const accepted = once(listener, 'connection') as Promise<[WebSocket]>;
  const ws = new WebSocket(`ws://127.0.0.1:${(listener.address() as AddressInfo).port}`);
  ws.on('error', () => undefined);
  const [far] = await accepted;
  if (ws.readyState !== ws.OPEN) await once(ws, 'open');
  return { ws, far };
};

const dial = async (host: string): Promise<Client> => {
  const { ws, far } = await connect();
  const frames: ServerFrame[] = [];
  ws.on('message', (data: Buffer) => {
    const frame = parseServerFrame(data.toString());
    if (frame && frame !== 'unknown') frames.push(frame);
  });
  hub.accept(far, OWNER);
  const send = (frame: ClientFrame): void => ws.send(JSON.stringify(frame));
  send(['hi', { host, epoch: 1 }]);
  await expect.poll(() => frames.length).toBe(1);
  return { frames, send, ws, far };
};

const publish = (): Promise<unknown> =>
  Promise.all(Array.from({ length: COUNT }, (_, n) => topics.append(OWNER.owner, TOPIC, { n, PADDING })));

const countOf = ({ frames }: Client, kind: ServerFrame[0]): number =>
  frames.filter((frame) => frame[0] === kind).length;

test('the hub buffers at most 64 kB and a frame for a slow client, and does not delay others', async () => {
  const slow = await dial('slow');
  const fast = await dial('fast');
  for (const client of [slow, fast]) client.send(['sub', 1, TOPIC, null]);
  await expect.poll(() => countOf(slow, 'ok') + countOf(fast, 'ok')).toBe(2);
  slow.ws.pause();
  let maxBuffered = 0;
  topics.subscribe(() => (maxBuffered = Math.max(maxBuffered, slow.far.bufferedAmount)));
  await publish();
  await expect.poll(() => countOf(fast, 'ev'), { timeout: 10_000 }).toBe(COUNT);
  expect(maxBuffered, 'the buffer is full').toBeGreaterThan(65_536);
  expect(maxBuffered).toBeLessThan(65_536 + 2 * PADDING.length);
  slow.ws.resume();
  await expect.poll(() => countOf(slow, 'ev'), { timeout: 10_000 }).toBe(COUNT);
});

test('the hub reads a replay from disk as fast as the client reads it', async () => {
  await publish();
  const slow = await dial('slow');
  slow.ws.pause();
  slow.send(['sub', 1, TOPIC, { epoch: (await topics.head(OWNER.owner, TOPIC)).epoch, offset: 0 }]);
  await expect.poll(() => slow.far.bufferedAmount).toBeGreaterThan(65_536);
  expect(slow.far.bufferedAmount).toBeLessThan(65_536 + 2 * PADDING.length);
  slow.send(['p', 7]);
  slow.ws.resume();
  await expect.poll(() => countOf(slow, 'q')).toBe(1);
  expect(countOf(slow, 'ev'), 'the response overtakes the events on disk').toBeLessThan(COUNT);
  await expect.poll(() => countOf(slow, 'ev'), { timeout: 10_000 }).toBe(COUNT);
  expect(slow.frames.flatMap((frame) => (frame[0] === 'ev' ? [frame[3]] : []))).toEqual(
    Array.from({ length: COUNT }, (_, index) => index + 1),
  );
});

test('closes with 4500 only the client whose request caused an error of the server', async () => {
  const [sender, other] = [await dial('sender'), await dial('other')];
  vi.spyOn(topics, 'append').mockRejectedValueOnce(new Error('disk error'));
  const closed = new Promise((done) => sender.ws.once('close', done));
  sender.send(['pub', 'id', TOPIC, 1]);
  expect(await closed).toBe(4500);
  other.send(['p', 1]);
  await expect.poll(() => countOf(other, 'q')).toBe(1);
});

test('disconnects a client that sends frames and reads no response', async () => {
  const mute = await dial('mute');
  const other = await dial('other');
  const gone = once(mute.far, 'close');
  mute.ws.pause();
  // The server refuses it with a response of the same length.
  const message: ClientFrame = ['pub', 'i'.repeat(256), '', null];
  const flood = setInterval(() => {
    for (let n = 0; n < 2_000 && mute.ws.bufferedAmount < 5_000_000; n += 1) mute.send(message);
  }, 1);
  await gone.finally(() => clearInterval(flood));
  other.send(['p', 1]);
  await expect.poll(() => countOf(other, 'q')).toBe(1);
});

test('disconnects an event stream that sends frames and reads no response', async () => {
  const { ws, far } = await connect();
  const streams = createEventStreams({
    clock: createServerClock(),
    topics,
    revocations: createSessionRevocations(storage),
    bus: storage.bus,
  });
  streams.accept(far, OWNER);
  vi.spyOn(far, 'bufferedAmount', 'get').mockReturnValue(5_000_000);
  const code = new Promise((done) => far.once('close', done));
  ws.send('{"type":"ping"}');
  expect(await code).toBe(1006);
  streams.stop();
});
