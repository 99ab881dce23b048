import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { bearer, passwordLogin, temporaryDir, type PasswordAnswer } from '../support/start.ts';

const folder = temporaryDir();
let server: ServerProcess | undefined;
afterEach(async () => {
  await server?.kill('SIGKILL');
  folder.remove();
});

/** Bounds the files of the server, so that the next write that needs more fails like one on a full disk (setrlimit(2)). */
const limitFiles = ({ pid }: ServerProcess, bytes: number | 'unlimited'): void =>
  void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);

test('answers 503 while the disk is full, signs no one out, and works again when there is space [full-disk]', async () => {
  const dataDir = join(folder.dir, 'data');
  const running = await startProcess({ PORT: '0', DATA_DIR: dataDir }, []);
  server = running;
  const tokens = await passwordLogin(running.call);
  const idle = await passwordLogin(running.call);
  const auth = bearer(tokens.access_token);
  const writeNote = () => running.call('/api/v1/notes', { json: { text: 'x'.repeat(900) }, headers: auth });
  const refresh = (token: string) => running.call('/api/v1/auth/refresh', { json: { refresh_token: token } });

  limitFiles(running, statSync(join(dataDir, 'data.mdb')).size);
  let full = await writeNote();
  for (let times = 0; times < 200 && full.status === 201; times += 1) full = await writeNote();
  expect(full.status).toBe(503);
  expect(full.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(await full.json()).toMatchObject({ code: 'store-unavailable' });
  expect((await running.call('/api/v1/auth/whoami', { headers: auth })).status).toBe(200);
  const signIn = `/auth?client_id=session-keeper&redirect_uri=${running.url}/auth/callback&response_type=code&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`;
  const beginSignIn = () => fetch(running.issuer + signIn, { redirect: 'manual' });
  // A small row may fit into a page that another one left, where a note does not.
  let refused = await beginSignIn();
  for (let times = 0; times < 200 && refused.status === 303; times += 1) refused = await beginSignIn();
  expect([refused.status, refused.headers.get('location')]).toEqual([503, null]);
  expect(refused.headers.get('retry-after')).toBe('1');
  // 503 while writes fail: with the answer 400, a client would take the session for ended.
  expect([200, 503]).toContain((await refresh(tokens.refresh_token)).status);

  limitFiles(running, 'unlimited');
  await expect.poll(async () => (await writeNote()).status, { timeout: 10_000 }).toBe(201);
  for (const token of [tokens, idle]) expect((await refresh(token.refresh_token)).status).toBe(200);
  const renewed = (await (await refresh(idle.refresh_token)).json()) as PasswordAnswer;
  const { code } = await running.kill('SIGKILL');
  expect(code).toBeNull();
  server = await startProcess({ PORT: '0', DATA_DIR: dataDir }, []);
  const after = await server.call('/api/v1/auth/whoami', { headers: bearer(renewed.access_token) });
  expect(after.status).toBe(200);
});
