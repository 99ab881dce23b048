import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededChance } from '../../../lab/base/chance.ts';
import { createCertificate, type Certificate } from '../../../lab/proxy/http/certificate.ts';
import { PORTAL_HOST } from '../../../lab/proxy/http/fault-answers.ts';
import { startNetwork, type Network } from '../../../lab/proxy/network.ts';
import { startBackend, type Backend } from '../support/backend.ts';

/* As a browser uses it: SOCKS 5, with the address of the server in each connection. */

let backend: Backend;
let certificate: Certificate;
let network: Network;

beforeAll(async () => {
  [backend, certificate] = await Promise.all([startBackend(), createCertificate('localhost')]);
  network = await startNetwork({
    route: { type: 'socks' },
    protocol: 'http',
    chance: seededChance(1),
    certificate,
    trust: 'any',
    allows: (host) => !['forbidden.example', PORTAL_HOST].includes(host),
  });
});
afterAll(async () => {
  await network.stop();
  await backend.stop();
});

const VERSION = 5;

/** Connects to a host by name, as Chromium does with `socks5://`. Resolves with the proxy's reply code too. */
const socks = async (host: string, port: number): Promise<{ socket: Socket; code: number | undefined }> => {
  const socket = connect(network.port, '127.0.0.1');
  socket.write(Buffer.from([VERSION, 1, 0]));
  await once(socket, 'data');
  socket.write(Buffer.from([VERSION, 1, 0, 3, host.length, ...Buffer.from(host), port >> 8, port & 0xff]));
  const [reply] = (await once(socket, 'data')) as [Buffer];
  return { socket, code: reply[1] };
};

const get = async (socket: Socket, path: string): Promise<string> => {
  const sent = request({ createConnection: () => socket, host: 'site', path, headers: { connection: 'close' } });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
  return text(answer);
};

test('passes requests to the server that the browser names', async () => {
  const { socket, code } = await socks('127.0.0.1', backend.port);
  expect(code).toBe(0);
  expect(await get(socket, '/named')).toContain('"url":"/named"');
});

test('refuses a host that the lab may not reach', async () => {
  expect((await socks('forbidden.example', 443)).code).toBe(5);
});

test("reaches the lab's own page of another site, though its host is not allowed", async () => {
  const { socket, code } = await socks(PORTAL_HOST, 80);
  expect(code).toBe(0);
  socket.destroy();
});

test('reads encrypted requests with its own certificate, and encrypts them again for the server', async () => {
  const { key, cert } = await createCertificate('server');
  const server = createServer({ key, cert }, (incoming, outgoing) => outgoing.end(`secure ${incoming.url}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const { socket } = await socks('localhost', port);
  const secure = connectTls({ socket, servername: 'localhost', ca: certificate.cert });
  await once(secure, 'secureConnect');
  network.faults.add({ match: { path: '^/broken' }, action: { type: 'status', status: 503 } });
  expect(await get(secure, '/kept')).toBe('secure /kept');
  const seen = network.log.since(0).flatMap((record) => (record.type === 'exchange' ? [record.url] : []));
  expect(seen.at(-1)).toBe('https://site:80/kept');
  server.close();
});

test('carries 1,000 connections at once', async () => {
  const target = { host: '127.0.0.1', port: backend.port };
  const many = await startNetwork({ route: { type: 'fixed', target }, protocol: 'http', chance: seededChance(1) });
  const sockets = Array.from({ length: 1_000 }, () => connect(many.port, '127.0.0.1'));
  const answers = sockets.map(async (socket) => {
    socket.write('GET /many HTTP/1.1\r\nhost: a\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString().startsWith('HTTP/1.1 200');
  });
  expect((await Promise.all(answers)).every(Boolean)).toBe(true);
  expect(many.connections()).toBe(1_000);
  for (const socket of sockets) socket.destroy();
  await many.stop();
});
