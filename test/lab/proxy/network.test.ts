import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { seededChance } from '../../../lab/base/chance.ts';
import type { FaultAction, HttpFault } from '../../../lab/proxy/http/faults.ts';
import type { Exchange, SocketRecord } from '../../../lab/proxy/http/network-log.ts';
import { startNetwork, type Network } from '../../../lab/proxy/network.ts';
import { startBackend, type Backend } from '../support/backend.ts';

let backend: Backend;
let network: Network;

beforeEach(async () => {
  backend = await startBackend();
  const target = { host: '127.0.0.1', port: backend.port };
  network = await startNetwork({ route: { type: 'fixed', target }, protocol: 'http', chance: seededChance(7) });
});
afterEach(async () => {
  await network.stop();
  await backend.stop();
});

const url = (path: string): string => `http://${network.address}${path}`;
const fault = (action: FaultAction, more: Partial<HttpFault> = {}): number =>
  network.faults.add({ match: {}, action, ...more });
const exchanges = (): Exchange[] =>
  network.log.since(0).flatMap((record) => (record.type === 'exchange' ? [record] : []));
const socketRecords = (): SocketRecord[] =>
  network.log.since(0).flatMap((record) => (record.type === 'socket' ? [record] : []));

const openSocket = async (path = '/socket'): Promise<WebSocket> => {
  const socket = new WebSocket(url(path).replace('http', 'ws'));
  await once(socket, 'message');
  return socket;
};

describe('a fault on HTTP requests', () => {
  test('changes nothing where there is none, and keeps repeated headers', async () => {
    const response = await fetch(url('/a?b=1'), { method: 'POST', body: 'text' });
    expect(await response.json()).toMatchObject({ method: 'POST', url: '/a?b=1', body: 'text' });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(exchanges()).toMatchObject([{ method: 'POST', outcome: { state: 'answered', status: 200 }, faults: [] }]);
  });

  test('answers with a status, as often as it states', async () => {
    fault({ type: 'status', status: 503, retryAfterSeconds: 2 }, { times: 1 });
    const response = await fetch(url('/a'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    expect((await fetch(url('/a'))).status).toBe(200);
    expect(backend.requests).toEqual(['GET /a']);
  });

  test('refuses so that a script of another origin can read it, and lets the preflight pass', async () => {
    fault({ type: 'status', status: 401, headers: { 'www-authenticate': 'Bearer' } });
    const headers = { origin: 'https://app.example' };
    expect((await fetch(url('/a'), { method: 'OPTIONS', headers })).status).toBe(200);
    const refusal = await fetch(url('/a'), { headers });
    expect(refusal.status).toBe(401);
    expect(refusal.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(refusal.headers.get('access-control-expose-headers')).toContain('www-authenticate');
    expect((await fetch(url('/a'))).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('answers with a page where JSON was expected, or with the page of a Wi-Fi', async () => {
    fault({ type: 'html' }, { times: 1 });
    expect((await fetch(url('/a'))).headers.get('content-type')).toContain('text/html');
    fault({ type: 'captive-portal' });
    const response = await fetch(url('/a'), { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://portal.lab.invalid/']);
  });

  test('loses the answer after the server did its work', async () => {
    fault({ type: 'lost' }, { times: 1 });
    await expect(fetch(url('/a'), { method: 'POST' })).rejects.toThrow('fetch failed');
    expect(backend.requests).toEqual(['POST /a']);
    expect(exchanges()[0]?.outcome).toMatchObject({
      state: 'failed',
      why: 'the server answered 200, and the answer was lost',
    });
  });

  test('delivers a late duplicate to the server', async () => {
    fault({ type: 'duplicate', afterMs: 30 });
    expect((await fetch(url('/a'), { method: 'POST', body: 'once' })).status).toBe(200);
    await expect.poll(() => backend.requests).toEqual(['POST /a', 'POST /a']);
  });

  test('delays, hangs, resets', async () => {
    const id = fault({ type: 'delay', ms: 80 });
    const startedAt = performance.now();
    await fetch(url('/a'));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(75);
    network.faults.remove(id);
    fault({ type: 'reset' }, { times: 1 });
    await expect(fetch(url('/a'))).rejects.toThrow('fetch failed');
    fault({ type: 'hang' });
    await expect(fetch(url('/a'), { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/);
  });

  test('affects only the requests that match', async () => {
    fault({ type: 'status', status: 500 }, { match: { method: 'POST', path: '^/api/', kinds: ['api'] } });
    const status = async (path: string, method: string): Promise<number> => (await fetch(url(path), { method })).status;
    expect(await status('/api/x', 'POST')).toBe(500);
    expect(await status('/api/x', 'GET')).toBe(200);
    expect(await status('/other/api/', 'POST')).toBe(200);
  });

  test('rejects the tokens from before it, and no newer ones', async () => {
    const status = async (token: string): Promise<number> =>
      (await fetch(url('/a'), { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status('old')).toBe(200);
    fault({ type: 'status', status: 401 }, { match: { isUsedCredential: true } });
    expect([await status('old'), await status('new'), await status('new')]).toEqual([401, 200, 200]);
  });

  test('affects the same requests for the same seed', async () => {
    const run = (seed: number): boolean[] => {
      const chance = seededChance(seed);
      return Array.from({ length: 20 }, () => chance() < 0.5);
    };
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  test('injects a script that the policy of the page allows, and strips headers', async () => {
    fault({ type: 'inject', script: 'window.a = 1' });
    fault({ type: 'strip', response: ['set-cookie'], request: ['authorization'] });
    const headers = { 'sec-fetch-dest': 'document' };
    const response = await fetch(url('/page'), { headers });
    expect(await response.text()).toContain('<head><script>window.a = 1</script></head>');
    expect(response.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-/);
    expect(response.headers.getSetCookie()).toEqual([]);
    const echo: unknown = await (await fetch(url('/a'), { headers: { authorization: 'Bearer x' } })).json();
    expect(echo).toMatchObject({ authorization: '' });
  });

  test('is recorded without secrets', async () => {
    await fetch(url('/a?ticket=s3cret1&page=2'), {
      headers: { authorization: 'Bearer s3cret2', cookie: 'sid=s3cret3' },
    });
    const record = JSON.stringify(exchanges());
    expect(record).not.toContain('s3cret');
    expect(record).toContain('page=2');
    expect(record).toContain('Bearer (hidden)');
  });
});

describe('a WebSocket through the network', () => {
  test('carries frames, which are counted', async () => {
    const socket = await openSocket();
    for (const size of [1, 126, 70_000]) {
      socket.send('x'.repeat(size));
      const [data] = (await once(socket, 'message')) as [Buffer];
      expect(data.length).toBe(size);
    }
    socket.close(1000);
    await once(socket, 'close');
    expect(socketRecords()).toMatchObject([{ sent: 3, received: 4, end: { by: 'browser', code: 1000 } }]);
  });

  test('becomes half-open: it stays open and carries nothing', async () => {
    const socket = await openSocket();
    expect(network.silence('sockets')).toBe(1);
    socket.send('lost');
    const answered = await Promise.race([
      once(socket, 'message'),
      new Promise((done) => setTimeout(done, 100, 'silent')),
    ]);
    expect([answered, socket.readyState, backend.sockets()]).toEqual(['silent', WebSocket.OPEN, 1]);
    expect((await openSocket()).readyState).toBe(WebSocket.OPEN);
  });

  test('closes right after its handshake, with the code of the fault', async () => {
    fault({ type: 'close-after-upgrade', code: 4001 });
    const socket = new WebSocket(url('/socket').replace('http', 'ws'));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(4001);
  });

  test('is refused with the status of the fault', async () => {
    fault({ type: 'status', status: 429 }, { match: { kinds: ['socket'] } });
    const socket = new WebSocket(url('/socket').replace('http', 'ws'));
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('429');
  });

  test('is cut when its server was silent for too long', async () => {
    network.setIdleCut(60);
    const socket = await openSocket();
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1006);
    expect(socketRecords()[0]?.end?.by).toBe('proxy');
  });
});

describe('the network', () => {
  test('is down: it resets what is open and refuses the rest, until it is up again', async () => {
    const socket = await openSocket();
    network.setState('down');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1006);
    await expect(fetch(url('/a'))).rejects.toThrow('fetch failed');
    network.setState('up');
    expect((await fetch(url('/a'))).status).toBe(200);
  });

  test('is a black hole: nothing passes, and what was sent arrives afterwards', async () => {
    const socket = await openSocket();
    network.setState('blackhole');
    socket.send('late');
    const response = fetch(url('/a'));
    const early = await Promise.race([
      once(socket, 'message'),
      response,
      new Promise((done) => setTimeout(done, 80, 'none')),
    ]);
    expect(early).toBe('none');
    network.setState('up');
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('late');
    expect((await response).status).toBe(200);
  });

  test('drops all packets of what was open, while new connections work', async () => {
    const socket = await openSocket();
    expect(network.silence('everything')).toBe(1);
    socket.terminate();
    expect((await fetch(url('/a'))).status).toBe(200);
    expect(backend.sockets()).toBe(1);
  });
});
