import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { OidcClient } from '../support/agent.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { bearer, passwordLogin, temporaryDir, type PasswordAnswer } from '../support/start.ts';

/** Preloaded into a server: its wall clock is ahead by the number of ms in the file CLOCK_FILE. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const wall = Date.now.bind(Date);
  Date.now = () => wall() + Number(readFileSync(process.env.CLOCK_FILE, 'utf8'));
`)}`;
const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

const folder = temporaryDir();
let server: ServerProcess | undefined;
afterEach(async () => {
  await server?.kill('SIGKILL');
  folder.remove();
});

const file = join(folder.dir, 'clock');
/** In one step: a server that reads an empty file would see one more jump. */
const setClock = (aheadMs: number): void => {
  writeFileSync(`${file}.next`, String(aheadMs));
  renameSync(`${file}.next`, file);
};
const start = async (): Promise<ServerProcess> => {
  const env = { PORT: '0', DATA_DIR: join(folder.dir, 'data'), CLOCK_FILE: file };
  server = await startProcess({ ...env, NODE_OPTIONS: `--import ${PRELOAD}` }, []);
  return server;
};

test('keeps sessions, graces and limits when the wall clock moves, also between two starts [wall-clock]', async () => {
  setClock(0);
  const first = await start();
  const client = await OidcClient.create(first);
  let bound = await client.signIn();
  let password = await passwordLogin(first.call);
  const refresh = async (on: ServerProcess): Promise<void> => {
    const answer = await on.call('/api/v1/auth/refresh', { json: { refresh_token: password.refresh_token } });
    expect(answer.status).toBe(200);
    password = (await answer.json()) as PasswordAnswer;
  };
  const use = async (on: ServerProcess): Promise<void> => {
    expect((await on.call('/api/v1/auth/whoami', { headers: bearer(password.access_token) })).status).toBe(200);
    await refresh(on);
    const wrong = { json: { username: 'demo', password: 'wrong' } };
    expect((await on.call('/api/v1/auth/login', wrong)).status).toBe(400);
    expect((await passwordLogin(on.call)).access_token).toBeDefined();
    expect((await client.api(`${on.url}/api/v1/auth/whoami`, bound.access)).status).toBe(200);
    const result = await client.refresh(bound.refresh);
    if (!result.ok) throw new Error(result.error);
    bound = result.tokens;
  };
  for (const aheadMs of [-HOUR, YEAR, 0]) {
    setClock(aheadMs);
    await use(first);
  }
  const { errors } = await first.kill('SIGTERM');
  expect(errors.match(/The system's clock moved/g)).toHaveLength(3);

  setClock(YEAR);
  const second = await start();
  await refresh(second);
  expect((await second.kill('SIGTERM')).errors).toContain("The system's clock moved 365 days ahead");
  setClock(0);
  const third = await start();
  await refresh(third);
});
