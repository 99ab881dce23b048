import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial, type HubClient } from './support/hub-client.ts';
import { passwordLogin, startTestServer, type TestServer } from './support/start.ts';

const GRACE_MS = 300;

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ presenceGraceMs: GRACE_MS });
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => server.stop());

/** A host that listens to the topic. */
const enter = async (topic: string, host: string, epoch = 1): Promise<HubClient> => {
  const client = await dial(server, token, host, epoch);
  await client.subscribe(topic, null);
  return client;
};

const told = ({ frames }: HubClient): readonly (readonly string[])[] =>
  frames.flatMap((frame) => (frame[0] === 'here' ? [[...frame[2]].toSorted()] : []));

test('one who asks is told who is here, and whenever that changes', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  watcher.send(['who', topic]);
  await expect.poll(() => told(watcher)).toEqual([['w']]);
  const a = await enter(topic, 'a');
  await expect.poll(() => told(watcher)).toEqual([['w'], ['a', 'w']]);
  a.send(['unsub', topic]);
  await expect.poll(() => told(watcher)).toEqual([['w'], ['a', 'w'], ['w']]);
  expect(told(a), 'and nobody else is').toEqual([]);
  [watcher, a].forEach((client) => client.close());
});

test('a worker that dies and comes back has neither left nor come', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const first = await enter(topic, 'a', 1);
  watcher.send(['who', topic]);
  await expect.poll(() => told(watcher)).toEqual([['a', 'w']]);
  first.ws.terminate();
  await first.closed;
  const second = await enter(topic, 'a', 2);
  const b = await enter(topic, 'b');
  await expect
    .poll(() => told(watcher))
    .toEqual([
      ['a', 'w'],
      ['a', 'b', 'w'],
    ]);
  [watcher, second, b].forEach((client) => client.close());
});

test('one that does not come back has left when the grace is over; one that says goodbye, at once', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const [cut, leaving] = [await enter(topic, 'cut'), await enter(topic, 'leaving')];
  watcher.send(['who', topic]);
  await expect.poll(() => told(watcher)).toEqual([['cut', 'leaving', 'w']]);
  const cutAt = performance.now();
  cut.ws.terminate();
  leaving.ws.close(1000);
  await expect.poll(() => told(watcher)).toEqual([['cut', 'leaving', 'w'], ['cut', 'w'], ['w']]);
  expect(performance.now() - cutAt).toBeGreaterThanOrEqual(GRACE_MS - 10);
  watcher.close();
});

test('of another person, or of a topic that one does not listen to, nothing is told', async () => {
  const topic = randomUUID();
  const other = (await passwordLogin(server.call, 'other', 'secret')).access_token;
  const mine = await enter(topic, 'mine');
  const theirs = await dial(server, other, 'theirs');
  theirs.send(['who', topic]);
  await theirs.subscribe(topic, null);
  theirs.send(['who', topic]);
  await expect.poll(() => told(theirs)).toEqual([['theirs']]);
  [mine, theirs].forEach((client) => client.close());
});
