import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial, type HubClient } from '../support/hub-client.ts';
import { passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const GRACE_MS = 300;

let server: TestServer;
/** Where a grace is over soon: nobody who has to be back within it is tried there. */
let brief: TestServer;
let token: string;
beforeAll(async () => {
  [server, brief] = await Promise.all([startTestServer(), startTestServer({ presenceGraceMs: GRACE_MS })]);
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => Promise.all([server.stop(), brief.stop()]));

/** A host that listens to the topic. */
const enter = async (
  topic: string,
  host: string,
  epoch = 1,
  at: { on: TestServer; token: string } = { on: server, token },
): Promise<HubClient> => {
  const client = await dial(at.on, at.token, host, epoch);
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
  const there = { on: brief, token: (await passwordLogin(brief.call)).access_token };
  const watcher = await enter(topic, 'w', 1, there);
  for (const leave of ['cut', 'last tab gone'] as const) {
    const [leaving, host] = [await enter(topic, 'leaving', 1, there), await enter(topic, leave, 1, there)];
    watcher.send(['who', topic]);
    await expect.poll(() => told(watcher).at(-1)).toEqual([leave, 'leaving', 'w'].toSorted());
    leaving.ws.close(1000);
    await expect.poll(() => told(watcher).at(-1)).toEqual([leave, 'w'].toSorted());
    const goneAt = performance.now();
    if (leave === 'cut') host.ws.terminate();
    else host.send(['unsub', topic, true]);
    await expect.poll(() => told(watcher).at(-1)).toEqual(['w']);
    expect(performance.now() - goneAt).toBeGreaterThanOrEqual(GRACE_MS - 10);
    host.close();
  }
  watcher.close();
});

const states = ({ frames }: HubClient): readonly unknown[] =>
  frames.flatMap((frame) =>
    frame[0] === 'here' ? [Object.fromEntries(frame[2].map((h, n) => [h, frame[3]?.[n]]))] : [],
  );

test('what a host says of itself is told to the others, and outlives its worker; what is said again is no news', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const first = await enter(topic, 'speaker', 1);
  watcher.send(['who', topic, 'watching']);
  await expect.poll(() => states(watcher)).toEqual([{ w: 'watching', speaker: null }]);
  first.send(['who', topic, { n: 1 }]);
  await expect.poll(() => states(watcher).at(-1)).toEqual({ w: 'watching', speaker: { n: 1 } });
  first.ws.terminate();
  await first.closed;
  const second = await enter(topic, 'speaker', 2);
  second.send(['who', topic, { n: 1 }]);
  await expect.poll(() => states(second)).toEqual([{ w: 'watching', speaker: { n: 1 } }]);
  expect(states(watcher)).toHaveLength(2);
  second.send(['who', topic, 'x'.repeat(1_023)]);
  expect(await second.closed).toMatchObject({ code: 1007 });
  watcher.close();
});

test('a host whose last tab is gone, and is back, has neither left nor come: it was a reload', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const reloading = await enter(topic, 'reloading');
  watcher.send(['who', topic]);
  await expect.poll(() => told(watcher)).toEqual([['reloading', 'w']]);
  reloading.send(['unsub', topic, true]);
  await reloading.subscribe(topic, null, 2);
  reloading.send(['who', topic, 'back']);
  await expect
    .poll(() => states(watcher))
    .toEqual([
      { w: null, reloading: null },
      { w: null, reloading: 'back' },
    ]);
  [watcher, reloading].forEach((client) => client.close());
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

test('a server that is restarted is no leave and no join, and lets those go who do not come back', async () => {
  const [topic, { dir, remove }] = [randomUUID(), temporaryDir()];
  const run = async (presenceGraceMs?: number) => {
    const on = await startTestServer({ dataDir: dir, presenceGraceMs });
    return { on, token: (await passwordLogin(on.call)).access_token };
  };
  const before = await run();
  const watcher = await enter(topic, 'w', 1, before);
  const a = await enter(topic, 'a', 1, before);
  a.send(['who', topic, 'typing']);
  watcher.send(['who', topic]);
  await expect.poll(() => told(watcher)).toContainEqual(['a', 'w']);
  await before.on.stop();

  const after = await run();
  const back = await enter(topic, 'w', 2, after);
  back.send(['who', topic]);
  expect(await back.until((frame) => (frame[0] === 'here' ? frame : undefined))).toEqual([
    'here',
    topic,
    ['w', 'a'],
    [null, 'typing'],
  ]);
  await enter(topic, 'a', 2, after);
  await enter(topic, 'b', 1, after);
  await expect
    .poll(() => told(back))
    .toEqual([
      ['a', 'w'],
      ['a', 'b', 'w'],
    ]);
  await after.on.stop();

  const later = await run(GRACE_MS);
  const alone = await enter(topic, 'w', 3, later);
  alone.send(['who', topic]);
  await expect.poll(() => told(alone).at(-1)).toEqual(['w']);
  await later.on.stop();
  remove();
});
