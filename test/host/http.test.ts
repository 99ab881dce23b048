import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { boundedFetch } from '../../src/host/runtime/http.ts';

const DEADLINE_MS = 200;
const MAX_BODY_BYTES = 256 * 1024;

let server: Server | undefined;

const serve = async (answer: (response: ServerResponse) => void): Promise<string> => {
  server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

const fetchAt = (url: string, deadlineMs = 10_000) =>
  boundedFetch((signal) => fetch(url, { signal, redirect: 'manual' }), '/token', {
    origin: 'https://app.example',
    deadlineMs,
    now: Date.now,
  });

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

test('fails at the deadline when a body stalls [body-stalls]', async () => {
  const url = await serve((response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"access_token":');
  });
  expect(await fetchAt(url, DEADLINE_MS)).toEqual({ ok: false, problem: { code: 'timeout', at: '/token' } });
});

test('cuts an endless body and closes the connection [body-endless]', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serve((response) => {
    closed = once(response, 'close');
    const pour = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', pour);
    pour();
  });
  const answer = await fetchAt(url);
  expect(answer.ok && answer.value.text.length).toBeGreaterThan(MAX_BODY_BYTES);
  expect(answer.ok && answer.value.text.length).toBeLessThan(3 * MAX_BODY_BYTES);
  await closed;
});

test('returns a redirect as an answer and does not follow it [redirect-not-followed]', async () => {
  const urls: string[] = [];
  const url = await serve((response) => {
    urls.push(response.req.url ?? '');
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await fetchAt(url)).toMatchObject({ ok: true, value: { status: 302, text: '' } });
  expect(urls).toEqual(['/']);
});
