import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestServer, passwordLogin, type TestServer } from '../support/start.ts';

/* Clients that send a request and then no body. */

const STALL_MS = 300;
const FORM = 'application/x-www-form-urlencoded';
const MAX_BODIES = 64;
const SURPLUS = 20;

let server: TestServer;
const open: Socket[] = [];
beforeAll(async () => {
  server = await startTestServer({ bodyStallMs: STALL_MS });
});
afterAll(() => server.stop());
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

const send = (origin: string, path: string, rest: string): Socket => {
  const { port, host } = new URL(origin);
  const socket = connect(Number(port), '127.0.0.1');
  open.push(socket);
  socket.on('error', () => undefined);
  socket.resume().write(`POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${FORM}\r\n${rest}`);
  return socket;
};

/** What the server sent before it closed the connection. */
const answer = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  await once(socket, 'close');
  return text;
};

describe('a body', () => {
  test.each([
    ['never comes', 'content-length: 1000\r\n\r\n'],
    ['stops', 'content-length: 1000\r\n\r\ngrant_type='],
    ['stops between chunks', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('that %s ends with 408, at the application and the provider [body-stops]', async (_title, rest) => {
    const sockets = [send(server.local.app, '/api/v1/auth/refresh', rest), send(server.local.provider, '/token', rest)];
    for (const text of await Promise.all(sockets.map(answer))) expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('may take longer than the limit while it makes progress', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const pieces = 8;
    const socket = send(
      server.local.app,
      '/api/v1/media/upload',
      `authorization: Bearer ${token}\r\ncontent-length: ${pieces}\r\nconnection: close\r\n\r\n`,
    );
    const done = answer(socket);
    for (let sent = 0; sent < pieces; sent += 1) {
      socket.write('x');
      await new Promise((next) => setTimeout(next, STALL_MS / 4));
    }
    expect(await done).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('goes on when the server itself did not run for longer than the limit [body-server-paused]', async () => {
    const { access_token: token } = await passwordLogin(server.call);
    const head = `authorization: Bearer ${token}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n`;
    const socket = send(server.local.app, '/api/v1/media/upload', `${head}x`);
    const done = answer(socket);
    await new Promise((next) => setTimeout(next, STALL_MS / 3));
    // Client and server are in this process, so neither runs.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * STALL_MS);
    await new Promise((next) => setTimeout(next, STALL_MS / 3));
    socket.write('x');
    expect(await done).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test(`one address may have ${MAX_BODIES} bodies on their way, and others are served [bodies-bounded]`, async () => {
  const target = await startTestServer();
  const sockets = Array.from({ length: MAX_BODIES + SURPLUS }, () =>
    send(target.local.app, '/api/v1/auth/refresh', 'content-length: 1000\r\n\r\n{'),
  );
  let closed = 0;
  await new Promise<void>((done) => {
    for (const socket of sockets) socket.once('close', () => void ((closed += 1) === SURPLUS && done()));
  });
  expect((await passwordLogin(target.call)).token_type).toBe('Bearer');
  expect(closed).toBe(SURPLUS);
  for (const socket of sockets) socket.destroy();
  await target.stop();
});

test('an aborted body leaves no stack trace in the log [body-aborted]', async () => {
  const spy = vi.spyOn(console, 'error').mockReturnValue();
  for (const [origin, path] of [
    [server.local.app, '/api/v1/auth/refresh'],
    [server.local.provider, '/token'],
  ] as const) {
    const socket = send(origin, path, 'content-length: 9\r\n\r\n{');
    await new Promise((done) => setTimeout(done, 50));
    socket.destroy();
  }
  expect(
    (
      await fetch(`${server.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          refresh_token: 'x'.repeat(60_000),
          grant_type: 'refresh_token',
          client_id: 'session-keeper',
        }),
      })
    ).status,
  ).toBe(400);
  expect((await server.call('/api/v1/auth/refresh', { json: { refresh_token: 'x'.repeat(60_000) } })).status).toBe(400);
  expect(spy.mock.calls).toEqual([]);
  spy.mockRestore();
});
