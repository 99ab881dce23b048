import { afterEach, expect, test } from 'vitest';
import { openLmdbStore } from '../../server/lmdb-store.ts';
import { openSealer } from '../../server/seal.ts';
import type { Store } from '../../server/store.ts';
import { parseJson } from '../../src/protocol/json.ts';
import type { KeeperConfig, Seal } from '../../src/protocol/config.ts';
import { temporaryDir } from './support/start.ts';

const CONFIG: KeeperConfig = { api: [], whoami: '/whoami', signIn: {}, sockets: [] };
const COOKIE = `__Host-Http-keeper-install=${'a'.repeat(43)}`;
const WORKER = {
  'sec-fetch-dest': 'serviceworker',
  'sec-fetch-mode': 'same-origin',
  'service-worker': 'script',
  host: 'localhost',
};

const folder = temporaryDir();
let store: Store | undefined;
afterEach(async () => {
  await store?.close();
  folder.remove();
});

const sealWith = async (into: Store, keyNumber?: number, cookie = COOKIE): Promise<Seal | undefined> => {
  const script = (await openSealer(into, keyNumber)).bake('run();', CONFIG, { ...WORKER, cookie });
  if (script.type === 'refused') throw new Error('refused');
  const json = script.text.slice(script.text.indexOf('{'), script.text.lastIndexOf('};') + 1);
  return (parseJson(json) as { seal?: Seal }).seal;
};

test('a replaced key is handed on as a former one, for two replacements, and no setting takes one back', async () => {
  store = openLmdbStore(folder.dir);
  const first = await sealWith(store);
  expect(first?.former).toBeUndefined();
  expect(await sealWith(store, 1)).toEqual(first);

  const second = await sealWith(store, 2);
  expect(second?.id).not.toBe(first?.id);
  expect(second?.former).toEqual([{ id: first?.id, secret: first?.secret }]);
  expect(await sealWith(store)).toEqual(second);
  expect(await sealWith(store, 1)).toEqual(second);

  const third = await sealWith(store, 3);
  expect(third?.former?.map(({ id }) => id)).toEqual([second?.id, first?.id]);
  const fourth = await sealWith(store, 4);
  expect(fourth?.former?.map(({ id }) => id)).toEqual([third?.id, second?.id]);
  expect(new Set([first, second, third, fourth].map((seal) => seal?.secret)).size).toBe(4);

  const other = await sealWith(store, 4, `__Host-Http-keeper-install=${'b'.repeat(43)}`);
  expect(other?.id).not.toBe(fourth?.id);
  expect(other?.former?.[0]?.secret).not.toBe(fourth?.former?.[0]?.secret);
});
