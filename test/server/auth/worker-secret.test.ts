import { afterEach, expect, test } from 'vitest';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { openWorkerSecrets } from '../../../server/worker/worker-secret.ts';
import { createLmdbSecrets } from '../../../server/storage/lmdb-secrets.ts';
import type { Store } from '../../../server/base/store.ts';
import { parseJson } from '../../../src/protocol/schema/json.ts';
import type { KeeperConfig, SealSecret } from '../../../src/protocol/config.ts';
import { temporaryDir } from '../support/start.ts';

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

const sealWith = async (into: Store, keyNumber?: number, cookie = COOKIE): Promise<SealSecret | undefined> => {
  const script = (await openWorkerSecrets(createLmdbSecrets(into), keyNumber)).inject(
    'run();',
    { config: CONFIG },
    { ...WORKER, cookie },
  );
  if (script.type === 'refused') throw new Error('The server refused the worker script.');
  const json = script.text.slice(script.text.indexOf('{'), script.text.lastIndexOf('};') + 1);
  return (parseJson(json) as { seal?: SealSecret }).seal;
};

test('keeps a replaced key as a former key for two rotations, and never returns to an old key', async () => {
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

const SAFARI = 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';

const HTTPS = { 'x-forwarded-proto': 'https', host: 'app.example' };

test.each([
  {
    name: 'serves WebKit on loopback, which keeps no Secure cookie, without a seal',
    headers: { 'user-agent': SAFARI },
    type: 'served',
    setsCookie: false,
  },
  {
    name: 'refuses WebKit on https without the cookie',
    headers: { 'user-agent': SAFARI, ...HTTPS },
    type: 'refused',
    setsCookie: true,
  },
  {
    name: 'refuses Chromium on loopback without the cookie',
    headers: { 'user-agent': CHROME },
    type: 'refused',
    setsCookie: true,
  },
  {
    name: 'refuses Firefox on loopback without the cookie',
    headers: { 'user-agent': FIREFOX },
    type: 'refused',
    setsCookie: true,
  },
])('worker request: $name', async ({ headers: own, type, setsCookie }) => {
  store = openLmdbStore(folder.dir);
  const secrets = await openWorkerSecrets(createLmdbSecrets(store));
  const headers = { ...WORKER, ...own };
  const script = secrets.inject('run();', { config: CONFIG }, headers);
  expect(script.type).toBe(type);
  expect(script.type === 'served' && script.text.includes('"seal"')).toBe(false);
  expect(secrets.installCookie(headers) !== undefined).toBe(setsCookie);
});
