import { once } from 'node:events';
import { connect } from 'node:net';
import { Toxiproxy, type ICreateToxicBody, type Proxy } from 'toxiproxy-node-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seededChance } from '../../../lab/base/chance.ts';
import { startToxiproxyApi, type ToxiproxyApi } from '../../../lab/proxy/toxiproxy-api.ts';
import { startBackend, type Backend } from '../support/backend.ts';

/* The client of others drives this proxy: https://github.com/ihsw/toxiproxy-node-client */

let backend: Backend;
let api: ToxiproxyApi;
let client: Toxiproxy;
let proxy: Proxy;
let named = 0;

beforeAll(async () => {
  [backend, api] = await Promise.all([startBackend(), startToxiproxyApi(seededChance(1))]);
  client = new Toxiproxy(api.url);
});
afterAll(async () => {
  await api.stop();
  await backend.stop();
});
beforeEach(async () => {
  named += 1;
  const upstream = `127.0.0.1:${backend.port}`;
  proxy = await client.createProxy({ name: `site-${named}`, listen: '127.0.0.1:0', upstream, enabled: true });
});

const urlOf = (path = '/x'): string => `http://${proxy.listen}${path}`;
const get = async (path?: string): Promise<string> =>
  (await fetch(urlOf(path), { headers: { connection: 'close' } })).text();

type Attributes = ICreateToxicBody<unknown>['attributes'];
const add = (type: string, attributes: Attributes, stream: 'upstream' | 'downstream' = 'downstream', toxicity = 1) =>
  proxy.addToxic({ name: `the-${type}`, type: type as 'latency', attributes, stream, toxicity });

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};

describe('as existing clients of Toxiproxy drive it, the proxy', () => {
  test('passes requests, and names itself', async () => {
    expect(await get()).toContain('"url":"/x"');
    expect(await client.getVersion()).toContain('2.');
    expect((await client.get(proxy.name)).upstream).toBe(`127.0.0.1:${backend.port}`);
    expect(Object.keys(await client.getAll())).toContain(proxy.name);
  });

  test('delays by the latency, and no more after its removal', async () => {
    const toxic = await add('latency', { latency: 120, jitter: 0 });
    expect(await timed(() => get())).toBeGreaterThanOrEqual(115);
    await toxic.remove();
    expect(await get()).toContain('/x');
    await expect(proxy.getToxic('the-latency')).rejects.toThrow(/toxic not found|404/);
  });

  test('changes the attributes of a toxic', async () => {
    const toxic = await add('latency', { latency: 5, jitter: 1 });
    const changed = await toxic.update({ attributes: { latency: 150, jitter: 0 }, toxicity: 1 } as never);
    expect(changed.attributes).toEqual({ latency: 150, jitter: 0 });
    expect(await timed(() => get())).toBeGreaterThanOrEqual(145);
  });

  test('limits the bandwidth', async () => {
    await add('bandwidth', { rate: 1000 });
    expect(await timed(() => get('/large'))).toBeGreaterThanOrEqual(190);
  });

  test('ends the connection after so many bytes', async () => {
    await add('limit_data', { bytes: 50 });
    await expect(get()).rejects.toThrow(/fetch failed|terminated/);
  });

  test('resets the connection', async () => {
    await add('reset_peer', { timeout: 0 });
    await expect(get()).rejects.toThrow(/fetch failed/);
  });

  test('drops all data, and ends the connection after the timeout', async () => {
    await add('timeout', { timeout: 100 });
    expect(await timed(() => expect(get()).rejects.toThrow('fetch failed'))).toBeGreaterThanOrEqual(95);
  });

  test('cuts data into slices, and loses none', async () => {
    await add('slicer', { average_size: 10_000, size_variation: 5_000, delay: 100 });
    expect((await get('/large')).length).toBe(200_000);
  });

  test('delays the end of a connection', async () => {
    await add('slow_close', { delay: 120 });
    const socket = connect(Number(proxy.listen.split(':')[1]), '127.0.0.1');
    socket.end('GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    socket.resume();
    expect(await timed(() => once(socket, 'end'))).toBeGreaterThanOrEqual(115);
  });

  test('refuses connections while it is disabled', async () => {
    await proxy.update({ ...proxy.toJson(), enabled: false });
    await expect(get()).rejects.toThrow(/fetch failed|terminated/);
    await proxy.update({ ...proxy.toJson(), enabled: true });
    expect(await get()).toContain('/x');
  });

  test('affects the share of connections that the toxicity states, the same ones for the same seed', async () => {
    await add('reset_peer', { timeout: 0 }, 'downstream', 0.5);
    const ends: boolean[] = [];
    for (let index = 0; index < 40; index += 1) ends.push(await get().then(Boolean, () => false));
    const passed = ends.filter(Boolean).length;
    expect(passed).toBeGreaterThan(8);
    expect(passed).toBeLessThan(32);
  });

  test('is reset as a whole', async () => {
    await add('timeout', { timeout: 0 });
    await client.reset();
    expect(await get()).toContain('/x');
  });

  test('populates several proxies, and removes one', async () => {
    const upstream = `127.0.0.1:${backend.port}`;
    const made = await client.populate([{ name: 'p1', listen: '127.0.0.1:0', upstream, enabled: true }] as never);
    expect(Object.keys(made)).toEqual(['p1']);
    await made['p1']?.remove();
    await expect(client.get('p1')).rejects.toThrow(/proxy not found|404/);
  });

  test('refuses what it cannot read, with the status that clients expect', async () => {
    const post = async (path: string, body: string): Promise<number> =>
      (await fetch(api.url + path, { method: 'POST', body })).status;
    expect(await post('/proxies', '{"name":1}')).toBe(400);
    expect(await post('/proxies', 'no json')).toBe(400);
    expect(await post('/proxies', JSON.stringify({ name: proxy.name, upstream: 'a:1' }))).toBe(409);
    expect(await post('/proxies', JSON.stringify({ name: 'odd', upstream: 'no port' }))).toBe(400);
    expect(await post(`/proxies/${proxy.name}/toxics`, '{"type":"unknown"}')).toBe(400);
    expect(await post('/proxies/absent/toxics', '{"type":"latency"}')).toBe(404);
  });
});
