import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { savePresence, takeSavedPresence } from '../../../server/realtime/presence-tracker.ts';
import { createTopics, type PublishedEvent } from '../../../server/realtime/topics.ts';
import { createLmdbTopicLog } from '../../../server/storage/lmdb-topic-log.ts';
import { passwordLogin, bearer, startTestServer, temporaryDir } from '../support/start.ts';

/* Data that an encoding of the store changes, rejects, or takes for its own. Each is JSON as a client sends it. */
const DATA = [
  '{"__proto__":{"x":1},"a":1}',
  '{"toJSON":"x","constructor":{"prototype":1},"hasOwnProperty":0}',
  '{"length":3,"0":"a","then":null,"valueOf":1,"toString":[]}',
  '["\\ud800","\\udc00x","\\ud83d\\ude00"]',
  '[-0,1e999,12345678901234567890,0.1,5e-324]',
  '"\\u0000\\u2028"',
  'null',
];

const folder = temporaryDir();
const store = openLmdbStore(folder.dir);
beforeAll(() => undefined);
afterAll(async () => {
  await store.close();
  folder.remove();
});

test.each(DATA)('a message comes back from disk as it went out live: %s [message-unchanged]', async (json) => {
  const topics = createTopics(createLmdbTopicLog(store));
  const live: PublishedEvent[] = [];
  topics.subscribe((event) => live.push(event));
  const appended = await topics.append('ann', 'topic', JSON.parse(json));
  const [stored] = await topics.read('ann', 'topic', (appended?.offset ?? 0) - 1, 1);
  expect(JSON.stringify(stored?.data)).toBe(JSON.stringify(live[0]?.data));
});

test('reads messages of version 0.1', async () => {
  const topics = createTopics(createLmdbTopicLog(store));
  await store.put('event/bob/old/000000000000001', { data: { n: 1 } });
  expect(await topics.read('bob', 'old', 0, 1)).toEqual([{ offset: 1, data: { n: 1 } }]);
});

test.each(DATA)('the state of a present member comes back from disk: %s', async (json) => {
  const member = { owner: 'ann', topic: 't', host: 'h', state: JSON.parse(json) as unknown };
  await savePresence(store, [member]);
  const [restored] = await takeSavedPresence(store);
  expect(JSON.stringify(restored?.state)).toBe(JSON.stringify(member.state));
});

test('a note is in the list as it was in its response', async () => {
  const server = await startTestServer();
  const { access_token: token } = await passwordLogin(server.call);
  const created = await server.call('/api/v1/notes', { json: { text: 'a\ud800b' }, headers: bearer(token) });
  const list = await server.call('/api/v1/notes', { headers: bearer(token) });
  expect(((await list.json()) as { notes: unknown[] }).notes).toEqual([await created.json()]);
  await server.stop();
});
