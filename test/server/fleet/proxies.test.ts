import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificate, type Certificate } from '../../../lab/proxy/http/certificate.ts';
import { freePortPair } from '../../../scripts/process/free-port.ts';
import { createLog } from '../../../server/operations/log.ts';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../../src/protocol/frames.ts';
import { HubClient } from '../support/hub-client.ts';
import { eventually, locateProxy, PROXIES, startProxy, type ProxyKind, type RunningProxy } from '../support/proxies.ts';
import { bearer, startTestServer, temporaryDir, type PasswordAnswer, type TestServer } from '../support/start.ts';

/* The recipes of `deploy`, each before two instances: docs/how-to/run-several-instances.md. */

const located = PROXIES.map((kind) => ({ kind, path: locateProxy(kind) }));
const absent = located.filter(({ path }) => path === undefined).map(({ kind }) => kind.name);
if (absent.length > 0) process.stderr.write(`Not on this machine, so not tested: ${absent.join(', ')}.\n`);

type Reply = { status: number; headers: IncomingHttpHeaders; text: string; firstMs: number };
type Ask = { path: string; host?: string; method?: string; headers?: Record<string, string>; body?: Buffer | string };

const APP = 'app.example';
const PROVIDER = 'id.example';

describe.each(located.flatMap(({ kind, path }) => (path === undefined ? [] : [{ ...kind, kind, path }])))(
  '$name',
  ({ kind, path }: { kind: ProxyKind; path: string }) => {
    const folder = temporaryDir();
    const logged: string[] = [];
    let port: number;
    let certificate: Certificate;
    let instances: TestServer[];
    let other: Server;
    let proxy: RunningProxy;
    let token: string;

    /** The connection of a client, which checks the certificate for the name. */
    const connection = (host: string): RequestOptions & { ca: string } => ({
      ...{ host: '127.0.0.1', port, servername: host, ca: certificate.cert, agent: false },
      // Another address of this machine, so that the proxy and its client differ.
      localAddress: '127.0.1.1',
    });

    const ask = ({ path: target, host = APP, method = 'GET', headers = {}, body }: Ask): Promise<Reply> =>
      new Promise((done, fail) => {
        const startedAt = performance.now();
        const all = { host: `${host}:${port}`, ...headers };
        const sent = request({ ...connection(host), path: target, method, headers: all }, (response) => {
          let text = '';
          let firstMs = 0;
          response.on('data', (chunk: Buffer) => {
            firstMs ||= performance.now() - startedAt;
            text += chunk.toString();
          });
          response.on('error', fail);
          response.on('end', () =>
            done({ status: response.statusCode ?? 0, headers: response.headers, text, firstMs }),
          );
        });
        sent.on('error', fail);
        sent.end(body);
      });

    const post = (target: string, json: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
      ask({
        ...{ path: target, method: 'POST', body: JSON.stringify(json) },
        headers: { 'content-type': 'application/json', ...headers },
      });

    const dialThrough = async (name: string): Promise<HubClient> => {
      const { text } = await post('/api/v1/socket/ticket', {}, bearer(token));
      const { ticket } = JSON.parse(text) as { ticket: string };
      const carried = TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url');
      const { ca, localAddress } = connection(APP);
      const client = new HubClient(`https://127.0.0.1:${port}/api/socket`, [SUBPROTOCOL, carried], {
        ...{ ca, localAddress, servername: APP },
        headers: { host: `${APP}:${port}`, origin: `https://${APP}:${port}` },
      });
      await Promise.race([new Promise((done) => client.ws.once('open', done)), client.closed]);
      client.send(['hi', { host: name, epoch: 1 }]);
      await client.hello();
      return client;
    };

    const socketsOf = async ({ call }: TestServer): Promise<number> =>
      Number(/^keeper_sockets_open (\d+)/m.exec(await (await call('/metrics')).text())?.[1]);

    beforeAll(async () => {
      const dist = join(folder.dir, 'dist');
      mkdirSync(dist);
      writeFileSync(join(dist, 'index.html'), '<!doctype html><html><head></head><title>app</title></html>');
      writeFileSync(join(dist, 'sw.js'), '// worker');
      certificate = await createCertificate(APP, PROVIDER);
      port = await freePortPair();
      other = createServer((incoming, answer) => answer.end(`other ${incoming.url}`)).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const options = {
        ...{ dataDir: folder.dir, distDir: dist, presenceGraceMs: 100, trustedProxies: ['127.0.0.1'] },
        ...{ publicOrigin: `https://${APP}:${port}`, publicIssuer: `https://${PROVIDER}:${port}` },
        log: createLog('info', (line) => logged.push(line)),
      };
      instances = [await startTestServer(options), await startTestServer(options)];
      const portsOf = (which: 'app' | 'provider'): [number, number] => {
        const [a = 0, b = 0] = instances.map(({ local }) => Number(new URL(local[which]).port));
        return [a, b];
      };
      const ports = { port, apps: portsOf('app'), providers: portsOf('provider') };
      const place = { ...ports, dir: join(folder.dir, 'proxy'), other: (other.address() as AddressInfo).port };
      proxy = await startProxy(kind, path, place, certificate);
      await eventually(async () => (await ask({ path: '/readyz' })).status === 200);
      const login = await post('/api/v1/auth/login', { username: 'demo', password: 'demo' });
      token = (JSON.parse(login.text) as PasswordAnswer).access_token;
    });
    afterAll(async () => {
      await proxy.stop();
      await Promise.all(instances.map((instance) => instance.stop()));
      other.close();
      folder.remove();
    });

    test('accepts the recipe without a warning', () => {
      expect(proxy.warnings).toBe('');
    });

    test('opens sockets on both instances, which share their messages', async () => {
      const clients = [];
      for (let n = 0; n < 4; n += 1) {
        clients.push(await dialThrough(`client-${n}`));
        // A client makes two requests. Where the proxy counts requests only, all sockets would be on one instance.
        if (n % 2 === 0) await ask({ path: '/api/v1/auth/whoami', headers: bearer(token) });
      }
      const [first, ...others] = clients;
      for (const client of clients) await client.subscribe('through', null);
      await first?.publish('through', 'one', 'hello');
      for (const client of others) await client.reach('through', 1);
      const open = await Promise.all(instances.map(socketsOf));
      expect(open.reduce((sum, each) => sum + each, 0)).toBe(4);
      expect(
        open.every((each) => each > 0),
        `both have some: ${open.join(' and ')}`,
      ).toBe(true);
      for (const client of clients) client.close();
    });

    test('passes events on at once', async () => {
      const { firstMs, text } = await ask({
        path: '/api/v1/media/stream?count=2&everyMs=3000',
        headers: { ...bearer(token), accept: 'text/event-stream' },
      });
      expect(text.match(/^data:/gm)).toHaveLength(2);
      expect(firstMs, 'the first event does not wait for the second').toBeLessThan(3_000);
    });

    test('keeps the headers of the server, and names the client to it', async () => {
      const { headers } = await ask({ path: '/', headers: { 'sec-fetch-dest': 'document', accept: 'text/html' } });
      expect(headers['content-security-policy']).toContain(`worker-src https://${APP}:${port}/sw.js`);
      expect(headers['strict-transport-security']).toContain('max-age');
      const id = `proxied-${kind.program.name}`;
      await ask({ path: '/api/v1/auth/whoami', headers: { 'x-request-id': id, 'x-forwarded-for': '192.0.2.7' } });
      const line = logged.find((each) => each.includes(id));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ client: '127.0.1.0', status: 401 });
    });

    test('seals the worker of each browser, and stores it nowhere', async () => {
      const cookies = await Promise.all(
        [1, 2].map(async () => {
          const { headers } = await ask({ path: '/', headers: { 'sec-fetch-dest': 'document', accept: 'text/html' } });
          return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
        }),
      );
      const worker = { 'sec-fetch-dest': 'serviceworker', 'sec-fetch-mode': 'same-origin', 'service-worker': 'script' };
      const script = (cookie: string) => ask({ path: '/sw.js', headers: { ...worker, ...(cookie ? { cookie } : {}) } });
      const [own, again, foreign] = [
        await script(cookies[0] ?? ''),
        await script(cookies[0] ?? ''),
        await script(cookies[1] ?? ''),
      ];
      expect(own.text).toContain('"seal"');
      expect(own.headers['cache-control']).toBe('no-store');
      expect(again.text, 'the other instance seals it with the same key').toBe(own.text);
      expect(foreign.text).not.toBe(own.text);
      expect((await script('')).status).toBe(403);
    });

    test('takes a large upload', async () => {
      const { status, text } = await ask({
        ...{ path: '/api/v1/media/upload', method: 'POST', body: Buffer.alloc(3 * 1024 * 1024, 1) },
        headers: { ...bearer(token), 'content-type': 'application/octet-stream' },
      });
      expect({ status, bytes: (JSON.parse(text) as { bytes: number }).bytes }).toEqual({
        status: 200,
        bytes: 3_145_728,
      });
    });

    test('serves the provider under its own name, and no other name', async () => {
      const { text } = await ask({ host: PROVIDER, path: '/.well-known/openid-configuration' });
      expect((JSON.parse(text) as { issuer: string }).issuer).toBe(`https://${PROVIDER}:${port}`);
      const refused = await ask({ path: '/', headers: { host: `evil.example:${port}` } });
      expect(refused.text, 'Caddy answers 200 without a body').not.toContain('<title>app');
    });

    test('leaves another path of the site to its service', async () => {
      expect((await ask({ path: '/reports/of%2Fmay?x=1' })).text).toMatch(/^other \/reports\/of(%2F|\/)may\?x=1$/);
    });

    test('serves no fault routes, also to a client that claims to be local', async () => {
      for (const headers of [{}, { host: `localhost:${port}` }, { 'x-forwarded-for': '127.0.0.1' }]) {
        const { text } = await ask({ path: '/lab/log', headers });
        expect(text, 'no log of requests').not.toMatch(/^\[/);
      }
      expect((await ask({ path: '/lab/log' })).status).toBe(404);
    });

    test('goes on with the other instance when one stops', async () => {
      const client = await dialThrough('stays');
      await instances[0]?.stop();
      const outcomes: number[] = [];
      for (let n = 0; n < 20; n += 1)
        outcomes.push((await ask({ path: '/api/v1/auth/whoami', headers: bearer(token) })).status);
      expect(new Set(outcomes)).toEqual(new Set([200]));
      const next = await dialThrough('after');
      expect(await next.publish('through', 'two', 'still here')).toBe(2);
      client.close();
      next.close();
    });
  },
);
