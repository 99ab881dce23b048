import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostNames } from '../../../server/http/host-names.ts';
import { sendRaw } from '../support/raw-request.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

const PUBLIC = 'https://app.example';

describe('the names of a server', () => {
  test.each([
    [
      '127.0.0.1',
      undefined,
      ['localhost:1', '127.0.0.1', '[::1]:1'],
      ['192.0.2.1', 'evil.example', '', 'localhost.evil.example'],
    ],
    [
      '0.0.0.0',
      undefined,
      ['localhost:1', '192.0.2.1:4173', '[2001:db8::1]:1'],
      ['evil.example', '192.0.2.1.evil.example', ''],
    ],
    ['192.0.2.1', undefined, ['192.0.2.1:4173', 'localhost'], ['192.0.2.2', 'evil.example']],
    ['2001:db8::1', undefined, ['[2001:db8::1]:4173'], ['[2001:db8::2]', 'evil.example']],
    ['box.example', undefined, ['box.example:4173'], ['evil.example']],
    ['0.0.0.0', PUBLIC, ['app.example', 'localhost', '192.0.2.1'], ['app.example:4173', 'evil.example']],
  ] as const)('on %s with the public origin %s', (listening, publicOrigin, accepted, refused) => {
    const names = createHostNames(listening, publicOrigin);
    expect(accepted.filter((host) => !names.accepts(host))).toEqual([]);
    expect(refused.filter((host) => names.accepts(host))).toEqual([]);
    expect(names.accepts(undefined)).toBe(false);
  });
});

describe('a server on all addresses', () => {
  let server: TestServer;
  let ports: readonly string[];
  beforeAll(async () => {
    server = await startTestServer({ host: '0.0.0.0' });
    ports = [new URL(server.local.app).port, new URL(server.local.provider).port];
  });
  afterAll(() => server.stop());

  test('refuses another name, and says which names it has [host-rebinding]', async () => {
    for (const port of ports) {
      const { status, text } = await sendRaw(port, { path: '/', headers: { host: 'evil.example' } });
      expect(status).toBe(421);
      expect(text).toContain('answers to localhost, 127.0.0.1, any IP address');
      expect(text).toContain('PUBLIC_ORIGIN');
    }
  });

  test('serves its addresses', async () => {
    const { status } = await sendRaw(ports[0] ?? '', { path: '/api/auth/status', headers: { host: '192.0.2.1:4173' } });
    expect(status).toBe(200);
  });

  test('refuses a WebSocket under another name', async () => {
    const status = await new Promise((done) => {
      const headers = {
        ...{ host: 'evil.example', origin: server.url, connection: 'Upgrade', upgrade: 'websocket' },
        ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
      };
      request({ host: '127.0.0.1', port: ports[0], path: '/api/events?token=x', headers })
        .on('response', (response) => {
          response.resume();
          done(response.statusCode);
        })
        .on('upgrade', (response, socket) => {
          socket.destroy();
          done(response.statusCode);
        })
        .end();
    });
    expect(status).toBe(421);
  });
});
