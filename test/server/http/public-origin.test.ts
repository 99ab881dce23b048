import { mkdirSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const APP = 'https://app.example';
const PROVIDER = 'https://id.example';

type Reply = { status: number; headers: IncomingHttpHeaders; text: string };

/** A request as a reverse proxy forwards it: with the public host name, over plain HTTP. */
const requestAsProxy = (
  port: string,
  host: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  new Promise((done, fail) => {
    request({ host: '127.0.0.1', port, path, headers: { host, ...headers } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .on('error', fail)
      .end();
  });

describe('behind a reverse proxy', () => {
  const folder = temporaryDir();
  const dist = join(folder.dir, 'dist');
  let server: TestServer;
  let app: string;
  let provider: string;

  beforeAll(async () => {
    mkdirSync(dist, { recursive: true });
    writeFileSync(join(dist, 'index.html'), '<!doctype html><title>app</title>');
    writeFileSync(join(dist, 'sw.js'), '');
    server = await startTestServer({ publicOrigin: APP, publicIssuer: PROVIDER, distDir: dist });
    app = new URL(server.local.app).port;
    provider = new URL(server.local.provider).port;
  });
  afterAll(async () => {
    await server.stop();
    folder.remove();
  });

  const document = (host: string) =>
    requestAsProxy(app, host, '/', { accept: 'text/html', 'sec-fetch-dest': 'document' });

  test('serves its public name and loopback, and no other name', async () => {
    expect(server.url).toBe(APP);
    expect((await document('app.example')).status).toBe(200);
    expect((await document(`localhost:${app}`)).status).toBe(200);
    expect((await document('evil.example')).status).toBe(421);
    expect((await document('id.example')).status).toBe(421);
    expect((await requestAsProxy(provider, 'app.example', '/.well-known/openid-configuration')).status).toBe(421);
  });

  test('lists its worker scripts by exact URL, and sends HSTS', async () => {
    const { headers } = await document('app.example');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain(`worker-src ${APP}/sw.js ${APP}/keeper-sw.js`);
    expect(policy).toContain(`connect-src 'self' wss://app.example ${PROVIDER}`);
    expect(policy).toContain('upgrade-insecure-requests');
    expect(headers['strict-transport-security']).toContain('max-age');
  });

  test('seals the worker, although the proxy connects over plain HTTP', async () => {
    const { headers } = await document('app.example');
    const cookie = String(headers['set-cookie']);
    expect(cookie).toMatch(/^__Host-Http-keeper-install=[\w-]{43};.*Secure/);
    const worker = { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin', 'service-worker': 'script' };
    const script = await requestAsProxy(app, 'app.example', '/sw.js', {
      ...worker,
      cookie: cookie.split(';')[0] ?? '',
    });
    expect(script.text).toContain('"seal"');
    expect(script.text).toContain(`"issuer":"${PROVIDER}"`);
    expect((await requestAsProxy(app, 'app.example', '/sw.js', worker)).status).toBe(403);
  });

  test('uses the public name in all URLs of the provider, and ignores X-Forwarded-Host', async () => {
    const headers = { 'x-forwarded-host': 'evil.example' };
    const { text } = await requestAsProxy(provider, 'id.example', '/.well-known/openid-configuration', headers);
    const metadata = JSON.parse(text) as Record<string, unknown>;
    expect(metadata).toMatchObject({ issuer: PROVIDER, token_endpoint: `${PROVIDER}/token` });
    expect(text).not.toContain('evil.example');
    const query = new URLSearchParams({
      client_id: 'session-keeper',
      redirect_uri: `${APP}/auth/callback`,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const sent = await requestAsProxy(provider, 'id.example', `/auth?${query}`);
    expect(sent.status).toBe(303);
    expect(sent.headers.location).toMatch(/^(https:\/\/id\.example)?\/sign-in\//);
  });

  test('accepts sockets and changes of a page of the public origin, and refuses those of others', async () => {
    const from = (origin: string) =>
      requestAsProxy(app, 'app.example', '/api/auth/status', { origin, 'sec-fetch-site': 'same-origin' });
    expect((await from(APP)).status).toBe(200);
    const upgrade = (origin: string): Promise<number> =>
      new Promise((done, fail) => {
        const headers = {
          ...{ host: 'app.example', origin, connection: 'Upgrade', upgrade: 'websocket' },
          ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
        };
        request({ host: '127.0.0.1', port: app, path: '/api/events?token=x', headers })
          .on('upgrade', (response, socket) => {
            socket.destroy();
            done(response.statusCode ?? 0);
          })
          .on('response', (response) => {
            response.resume();
            done(response.statusCode ?? 0);
          })
          .on('error', fail)
          .end();
      });
    expect(await upgrade(APP)).toBe(101);
    expect(await upgrade('https://evil.example')).toBe(403);
  });
});
