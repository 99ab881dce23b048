import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial, type HubClient } from '../support/hub-client.ts';
import { passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const GRACE_MS = 300;

let server: TestServer;
/** A server with a short grace period, for tests that wait until it ends. */
let brief: TestServer;
let token: string;
beforeAll(async () => {
  [server, brief] = await Promise.all([startTestServer(), startTestServer({ presenceGraceMs: GRACE_MS })]);
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => Promise.all([server.stop(), brief.stop()]));

type Target = { on: TestServer; token: string };

/** A socket of a browser profile that subscribes to the topic. */
const enter = async (topic: string, host: string, fence = 1, target: Target = { on: server, token }) => {
  const client = await dial(target.on, target.token, host, fence);
  await client.subscribe(topic, null);
  return client;
};

const members = ({ frames }: HubClient): readonly (readonly string[])[] =>
  frames.flatMap((frame) => (frame[0] === 'here' ? [[...frame[2]].toSorted()] : []));

test('sends the members and each change to a watching client', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  watcher.send(['who', topic]);
  await expect.poll(() => members(watcher)).toEqual([['w']]);
  const a = await enter(topic, 'a');
  await expect.poll(() => members(watcher)).toEqual([['w'], ['a', 'w']]);
  a.send(['unsub', topic]);
  await expect.poll(() => members(watcher)).toEqual([['w'], ['a', 'w'], ['w']]);
  expect(members(a), 'without who').toEqual([]);
  [watcher, a].forEach((client) => client.close());
});

test('reports no leave and no join when a worker restarts within the grace period', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const first = await enter(topic, 'a', 1);
  watcher.send(['who', topic]);
  await expect.poll(() => members(watcher)).toEqual([['a', 'w']]);
  first.ws.terminate();
  await first.closed;
  const second = await enter(topic, 'a', 2);
  const b = await enter(topic, 'b');
  await expect
    .poll(() => members(watcher))
    .toEqual([
      ['a', 'w'],
      ['a', 'b', 'w'],
    ]);
  [watcher, second, b].forEach((client) => client.close());
});

test('reports a leave after the grace period when a member disconnects, and at once when it closes', async () => {
  const topic = randomUUID();
  const target = { on: brief, token: (await passwordLogin(brief.call)).access_token };
  const watcher = await enter(topic, 'w', 1, target);
  for (const leave of ['disconnected', 'last tab closed'] as const) {
    const [leaving, host] = [await enter(topic, 'leaving', 1, target), await enter(topic, leave, 1, target)];
    watcher.send(['who', topic]);
    await expect.poll(() => members(watcher).at(-1)).toEqual([leave, 'leaving', 'w'].toSorted());
    leaving.ws.close(1000);
    await expect.poll(() => members(watcher).at(-1)).toEqual([leave, 'w'].toSorted());
    const leftAt = performance.now();
    if (leave === 'disconnected') host.ws.terminate();
    else host.send(['unsub', topic, true]);
    await expect.poll(() => members(watcher).at(-1)).toEqual(['w']);
    expect(performance.now() - leftAt).toBeGreaterThanOrEqual(GRACE_MS - 10);
    host.close();
  }
  watcher.close();
});

const states = ({ frames }: HubClient): readonly unknown[] =>
  frames.flatMap((frame) =>
    frame[0] === 'here' ? [Object.fromEntries(frame[2].map((h, n) => [h, frame[3]?.[n]]))] : [],
  );

test("sends a member's state to the others, keeps it over a worker restart, and does not repeat it", async () => {
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

test('reports no leave and no join when the last tab reloads', async () => {
  const topic = randomUUID();
  const watcher = await enter(topic, 'w');
  const reloading = await enter(topic, 'reloading');
  watcher.send(['who', topic]);
  await expect.poll(() => members(watcher)).toEqual([['reloading', 'w']]);
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

test('sends no members of other users, and none without a subscription', async () => {
  const topic = randomUUID();
  const other = (await passwordLogin(server.call, 'other', 'secret')).access_token;
  const mine = await enter(topic, 'mine');
  const theirs = await dial(server, other, 'theirs');
  theirs.send(['who', topic]);
  await theirs.subscribe(topic, null);
  theirs.send(['who', topic]);
  await expect.poll(() => members(theirs)).toEqual([['theirs']]);
  [mine, theirs].forEach((client) => client.close());
});

test('reports no leave and no join when the server restarts, and a leave for members that do not return', async () => {
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
  await expect.poll(() => members(watcher)).toContainEqual(['a', 'w']);
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
    .poll(() => members(back))
    .toEqual([
      ['a', 'w'],
      ['a', 'b', 'w'],
    ]);
  await after.on.stop();

  const later = await run(GRACE_MS);
  const alone = await enter(topic, 'w', 3, later);
  alone.send(['who', topic]);
  await expect.poll(() => members(alone).at(-1)).toEqual(['w']);
  await later.on.stop();
  remove();
});
