import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { OidcClient } from '../support/agent.ts';
import { dial, dialWith } from '../support/hub-client.ts';
import { startExpectingFailure, startProcess, type ServerProcess } from '../support/process.ts';
import {
  bearer,
  cookieLogin,
  passwordLogin,
  startTestServer,
  temporaryDir,
  type PasswordAnswer,
  type TestServer,
} from '../support/start.ts';

const running = new Set<ServerProcess>();
const folders: { remove: () => void }[] = [];
afterEach(async () => {
  await Promise.all([...running].map((server) => server.kill('SIGKILL')));
  running.clear();
  folders.splice(0).forEach((folder) => folder.remove());
});

const newFolder = (): string => {
  const folder = temporaryDir();
  folders.push(folder);
  return folder.dir;
};

const start = async (env: Record<string, string>): Promise<ServerProcess> => {
  const server = await startProcess(env);
  running.add(server);
  return server;
};

/** The part of a test server that the hub's helpers use. */
const asServer = (server: ServerProcess): TestServer => ({
  ...server,
  local: { app: server.url, provider: server.issuer },
  dataDir: '',
  fault: async () => undefined,
  stop: async () => undefined,
});

/** Starts a server on free ports with a new folder. `env` starts another one in its place. */
const startNew = (): Promise<{ server: ServerProcess; env: Record<string, string> }> => {
  const dataDir = newFolder();
  return withFreePortPair(async (port) => {
    const env = { PORT: String(port), DATA_DIR: dataDir };
    return { env, server: await start(env) };
  });
};

describe('a killed server', () => {
  test('has its sessions, tokens, history, receipts, notes and keys when it starts again', async () => {
    const { server: before, env } = await startNew();
    const client = await OidcClient.create(before);
    const bound = await client.signIn();
    const password = await passwordLogin(before.call);
    const cookie = await cookieLogin(before.call);
    const auth = bearer(password.access_token);
    const note = { json: { text: 'kept' }, headers: { ...auth, 'idempotency-key': 'k' } };
    const noteBefore = await (await before.call('/api/v1/notes', note)).text();
    const topic = randomUUID();
    const socket = await dial(asServer(before), password.access_token, 'browser', 7);
    const { at } = await socket.subscribe(topic, null);
    for (const n of [1, 2, 3]) await socket.publish(topic, `id-${n}`, n);
    const unused = await before.call('/api/v1/socket/ticket', { method: 'POST', headers: auth });
    const { ticket } = (await unused.json()) as { ticket: string };
    await before.kill('SIGKILL');
    running.delete(before);

    const after = await start(env);
    const api = (token: string) => client.api(`${after.url}/api/v1/auth/whoami`, token);
    expect((await api(bound.access)).status).toBe(200);
    const outcome = await client.refresh(bound.refresh);
    expect(outcome.ok).toBe(true);
    expect((await after.call('/api/v1/auth/whoami', { headers: auth })).status).toBe(200);
    expect((await after.call('/api/v1/auth/whoami', { headers: { cookie } })).status).toBe(200);
    const replayed = await after.call('/api/v1/notes', note);
    expect(await replayed.text()).toBe(noteBefore);
    const refreshed = await after.call('/api/v1/auth/refresh', { json: { refresh_token: password.refresh_token } });
    expect(((await refreshed.json()) as PasswordAnswer).refresh_token).toMatch(/^pwr_/);

    const resumed = dialWith(after, ticket);
    resumed.ws.once('open', () => resumed.send(['hi', { host: 'browser', epoch: 7 }]));
    expect((await resumed.hello()).resumed).toBe(true);
    expect(await resumed.subscribe(topic, { epoch: at.epoch, offset: 1 })).toMatchObject({ resumed: true });
    await resumed.reach(topic, 3);
    expect(resumed.events(topic).map(({ data }) => data)).toEqual([2, 3]);
    expect(await resumed.publish(topic, 'id-2', 2)).toBe(2);
    expect(await (await dial(asServer(after), password.access_token, 'browser', 6)).closed).toMatchObject({
      code: 4409,
    });
    resumed.close();
  });

  test('remembers used tokens and tickets', async () => {
    const { server: before, env } = await startNew();
    const first = await passwordLogin(before.call);
    const refresh = async (server: ServerProcess, token: string) =>
      server.call('/api/v1/auth/refresh', { json: { refresh_token: token } });
    const second = (await (await refresh(before, first.refresh_token)).json()) as PasswordAnswer;
    const third = (await (await refresh(before, second.refresh_token)).json()) as PasswordAnswer;
    const minted = await before.call('/api/v1/socket/ticket', { method: 'POST', headers: bearer(third.access_token) });
    const { ticket } = (await minted.json()) as { ticket: string };
    const socket = dialWith(before, ticket);
    socket.ws.once('open', () => socket.send(['hi', { host: 'h', epoch: 1 }]));
    await socket.hello();
    await before.kill('SIGKILL');
    running.delete(before);

    const after = await start(env);
    await after.call('/lab/provider', { json: { grace: 0 } });
    expect(await dialWith(after, ticket).closed).toMatchObject({ code: 4401 });
    expect((await refresh(after, first.refresh_token)).status).toBe(400);
    expect((await refresh(after, third.refresh_token)).status).toBe(400);
  });
});

describe('a graceful stop', () => {
  test('sends sockets a time to reconnect, finishes requests, exits 0, and unlocks the folder', async () => {
    const { server, env } = await startNew();
    const { access_token: token } = await passwordLogin(server.call);
    const socket = await dial(asServer(server), token);
    await socket.hello();
    await server.call('/lab/faults', { json: { at: 'api', kind: 'slow', ms: 300, times: 1 } });
    const slow = server.call('/api/v1/auth/whoami', { headers: bearer(token) });
    // When this request has its response, the server has received the slow one.
    await server.call('/lab/stats');
    const startedAt = performance.now();
    const ended = server.kill('SIGTERM');
    running.delete(server);
    expect(await socket.until((frame) => (frame[0] === 'drain' ? frame[1] : undefined))).toBeGreaterThanOrEqual(0);
    const closed = await socket.closed;
    expect(closed.code).toBe(1012);
    expect(JSON.parse(closed.reason)).toEqual({ ra: expect.any(Number) as unknown });
    expect((await slow).status).toBe(200);
    const { code, errors } = await ended;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const again = await start(env);
    expect((await again.call('/api/v1/auth/whoami', { headers: bearer(token) })).status).toBe(200);
  });

  test('closes hanging requests after a while', async () => {
    const { server } = await startNew();
    const { access_token: token } = await passwordLogin(server.call);
    await server.call('/lab/faults', { json: { at: 'api', kind: 'hang', ms: 60_000, times: 1 } });
    const hanging = server.call('/api/v1/auth/whoami', { headers: bearer(token) }).then(
      () => 'responded',
      () => 'closed',
    );
    await server.call('/lab/stats');
    const startedAt = performance.now();
    const { code } = await server.kill('SIGINT');
    running.delete(server);
    expect(code).toBe(0);
    expect(await hanging).toBe('closed');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a failed start', () => {
  test('reports a taken port, and unlocks the folder', async () => {
    const server = await startTestServer();
    const dataDir = newFolder();
    const { port } = new URL(server.url);
    const { code, output, errors } = await startExpectingFailure({ PORT: port, DATA_DIR: dataDir });
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain(`Port ${port} is taken`);
    await server.stop();
    const free = await startTestServer({ dataDir });
    await free.stop();
  });

  test('reports a folder that is in use', async () => {
    const server = await startTestServer();
    const { code, errors } = await startExpectingFailure({ PORT: '0', DATA_DIR: server.dataDir });
    expect(code).toBe(1);
    expect(errors).toContain('is in use by another server');
    await expect(startTestServer({ dataDir: server.dataDir })).rejects.toThrow('is in use by another server');
    await server.stop();
  });

  test('reports a folder that it cannot write', async () => {
    const { code, errors } = await startExpectingFailure({ PORT: '0', DATA_DIR: '/dev/null/data' });
    expect(code).toBe(1);
    expect(errors).toContain('cannot be written');
  });

  test('reports an invalid PORT', async () => {
    const { code, errors } = await startExpectingFailure({ PORT: 'many', DATA_DIR: newFolder() });
    expect(code).toBe(1);
    expect(errors).toContain('PORT must be a number');
  });
});
