import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const { dir, remove } = temporaryDir();
const keyFile = join(dir, 'fleet.key');
const [OLD, NEW] = ['the former secret of this fleet, as text', 'the secret that comes after the former one'];
let server: TestServer;

/** As a mounted secret changes: by another file in its place. */
const write = (...secrets: string[]): void => {
  writeFileSync(`${keyFile}.next`, `${secrets.join('\n')}\n`);
  renameSync(`${keyFile}.next`, keyFile);
};

type Jwks = { keys: { kid: string; d?: string }[] };
const signingKeys = async (): Promise<Jwks['keys']> =>
  ((await (await fetch(`${server.issuer}/jwks`)).json()) as Jwks).keys;

beforeAll(async () => {
  write(OLD);
  server = await startTestServer({ dataDir: join(dir, 'data'), keyFile, secret: undefined });
});
afterAll(async () => {
  await server.stop();
  remove();
});

test('rotates the secrets without a restart, and signs no one out', async () => {
  const first = await passwordLogin(server.call);
  const [formerKey] = await signingKeys();
  write(OLD, NEW);
  await expect.poll(async () => (await signingKeys()).length, { timeout: 15_000 }).toBe(2);
  write(NEW, OLD);
  await expect.poll(async () => (await signingKeys())[0]?.kid, { timeout: 15_000 }).not.toBe(formerKey?.kid);
  expect((await signingKeys()).map(({ kid }) => kid)).toContain(formerKey?.kid);
  expect(
    (await signingKeys()).some(({ d }) => d !== undefined),
    'no private key',
  ).toBe(false);

  const renewed = await server.call('/api/v1/auth/refresh', { json: { refresh_token: first.refresh_token } });
  expect(renewed.status).toBe(200);
  expect((await server.call('/api/v1/auth/whoami', { headers: bearer(first.access_token) })).status).toBe(200);
  expect((await server.call('/readyz')).status).toBe(200);

  write(NEW);
  await expect.poll(async () => (await signingKeys()).length, { timeout: 15_000 }).toBe(1);
  expect((await server.call('/readyz')).status, 'the store is still ours').toBe(200);
  expect((await server.call('/api/v1/auth/whoami', { headers: bearer(first.access_token) })).status).toBe(200);

  write('too short');
  expect((await passwordLogin(server.call)).token_type, 'a file without usable secrets changes nothing').toBe('Bearer');
});
