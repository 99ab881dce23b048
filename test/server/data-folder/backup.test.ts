import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../../cli/cli.ts';
import { openLmdbStore } from '../../../server/base/lmdb-store.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { dial } from '../support/hub-client.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';
import { bearer, passwordLogin, temporaryDir, type PasswordAnswer, type TestServer } from '../support/start.ts';

const folder = temporaryDir();
const dir = join(folder.dir, 'data');
const running = new Set<ServerProcess>();
let server: ServerProcess;
const start = async (): Promise<ServerProcess> => {
  const started = await startProcess({ PORT: '0', DATA_DIR: dir }, []);
  running.add(started);
  return started;
};
const stop = async (process: ServerProcess): Promise<void> => {
  running.delete(process);
  await process.kill('SIGTERM');
};
beforeAll(async () => {
  server = await start();
});
afterAll(async () => {
  await Promise.all([...running].map((each) => each.kill('SIGKILL')));
  folder.remove();
});

const run = async (...args: string[]) => {
  let [out, err] = ['', ''];
  const terminal = { colours: false, progress: false, env: { DATA_DIR: dir, KEEPER_SECRET: TEST_SECRET } };
  const code = await main(args, { ...terminal, out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
};
const asTestServer = ({ url, issuer, call }: ServerProcess): TestServer => ({
  ...{ url, issuer, call, dataDir: dir, local: { app: url, provider: issuer } },
  fault: async () => undefined,
  stop: async () => undefined,
});
const refresh = async (on: ServerProcess, token: string): Promise<PasswordAnswer> => {
  const answer = await on.call('/api/v1/auth/refresh', { json: { refresh_token: token } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as PasswordAnswer;
};

test('backs up a running server, and restores it with all sessions and with new histories [backup]', async () => {
  const first = await passwordLogin(server.call);
  const socket = await dial(asTestServer(server), first.access_token);
  await socket.publish('topic', 'a', 1);
  const { at } = await socket.subscribe('topic', null);
  // Writes go on while the copy is made.
  const writing = { isOn: true };
  const writes = (async () => {
    for (let n = 0; writing.isOn; n += 1) await socket.publish(`busy-${n % 50}`, `id-${n}`, 'x'.repeat(2_000));
  })();
  const backup = join(folder.dir, 'backup');
  const made = await run('backup', backup);
  writing.isOn = false;
  await writes;
  expect(made).toMatchObject({ code: 0, err: '' });
  expect(made.out).toContain(`Backed up ${dir} to ${backup}`);
  expect(made.out).toContain('KEEPER_SECRET');
  expect(readFileSync(join(backup, 'data.mdb'), 'latin1')).not.toContain(first.refresh_token);
  expect(await run('backup', backup)).toMatchObject({
    code: 1,
    err: `${backup} is not empty. Give a new folder for each backup.\n`,
  });

  const later = await refresh(server, first.refresh_token);
  const lost = await socket.publish('topic', 'after-the-backup', 'lost');
  socket.close();
  const busy = await run('restore', backup);
  expect([busy.code, busy.err]).toEqual([1, expect.stringContaining('is in use by another server')]);
  await stop(server);

  const restored = await run('restore', backup);
  expect(restored).toMatchObject({ code: 0, err: '' });
  expect(restored.out).toContain('before-restore-');
  const again = await start();
  const renewed = await refresh(again, later.refresh_token);
  expect((await again.call('/api/v1/auth/whoami', { headers: bearer(renewed.access_token) })).status).toBe(200);
  const reader = await dial(asTestServer(again), renewed.access_token);
  expect((await reader.subscribe('topic', at)).resumed, 'the backup has all that this reader has').toBe(true);
  expect(await reader.publish('topic', 'after-the-restore', 'new')).toBe(lost);
  const behind = await dial(asTestServer(again), renewed.access_token, 'behind');
  const beyond = { epoch: at.epoch, offset: lost };
  expect((await behind.subscribe('topic', beyond)).resumed, 'this reader has a lost event').toBe(false);
  expect(behind.frames.find(([type]) => type === 'gap')?.[4]).toBe(0);
  await behind.reach('topic', lost);
  reader.close();
  behind.close();
  await stop(again);

  const marker = JSON.parse(readFileSync(join(dir, 'store.json'), 'utf8')) as Record<string, unknown>;
  expect(marker['isRestored']).toBeUndefined();
  const aside = readdirSync(dir).find((name) => name.startsWith('before-restore-')) ?? '';
  const old = openLmdbStore(join(dir, aside));
  expect((await old.list('password-family/')).length).toBeGreaterThan(0);
  await old.close();
});

test('refuses a damaged backup before it touches the data, and says what to do', async () => {
  const backup = join(folder.dir, 'second');
  expect((await run('backup', backup)).code).toBe(0);
  truncateSync(join(backup, 'data.mdb'), 8192);
  const { code, err } = await run('restore', backup);
  expect([code, err]).toEqual([1, expect.stringContaining('was cut')]);
  expect(existsSync(join(dir, 'data.mdb'))).toBe(true);
  rmSync(join(backup, 'store.json'));
  expect((await run('restore', backup)).err).toContain('has no store of this server');
  writeFileSync(join(folder.dir, 'file'), '');
  expect((await run('backup', join(folder.dir, 'third'), '--data', join(folder.dir, 'none'))).err).toContain(
    'has no store',
  );
});

test('explains wrong usage', async () => {
  for (const name of ['backup', 'restore']) {
    expect(await run(name)).toMatchObject({ code: 2, err: expect.stringContaining('Give one folder') as string });
    expect((await run(name, '--help')).out).toContain(`session-keeper ${name} <`);
    expect((await run(name, 'a', '--wrong')).code).toBe(2);
  }
});
