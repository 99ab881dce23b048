import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createHub,
  createTickets,
  lmdbStore,
  memoryStore,
  type KeeperHub,
  type SiteStore,
} from '../../../server/kit/index.ts';
import { HubClient } from '../support/hub-client.ts';
import { temporaryDir } from '../support/start.ts';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX, type ServerFrame } from '../../../src/protocol/frames.ts';

const folder = temporaryDir();
const SECRET = 's'.repeat(32);
const STORES: Readonly<Record<string, () => Promise<SiteStore>>> = {
  memory: async () => memoryStore(),
  lmdb: () => lmdbStore(`${folder.dir}/data`, { secret: SECRET }),
};

describe.each(Object.keys(STORES))('the kit on a store of %s', (name) => {
  let store: SiteStore;
  let server: Server;
  let hub: KeeperHub;
  let tickets: ReturnType<typeof createTickets>;
  let url: string;
  beforeEach(async () => {
    store = (await STORES[name]?.()) ?? memoryStore();
    tickets = createTickets({ store });
    hub = createHub({ store, authenticate: tickets.redeem, path: '/socket' });
    server = createServer((_request, response) => response.end());
    hub.attach(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://localhost:${(server.address() as AddressInfo).port}/socket`;
  });
  afterEach(async () => {
    await hub.close();
    server.closeAllConnections();
    server.close();
    await store.close();
    folder.remove();
  });

  const dial = (ticket: string, headers: Record<string, string> = {}, to = url): HubClient =>
    new HubClient(to, [SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX + Buffer.from(ticket).toString('base64url')], {
      headers,
    });
  const ticketOf = async (sub: string, more = {}): Promise<string> => (await tickets.mint({ sub, ...more })).ticket;
  const frameOf =
    <K extends ServerFrame[0]>(kind: K) =>
    (frame: ServerFrame): Extract<ServerFrame, readonly [K, ...unknown[]]> | undefined =>
      frame[0] === kind ? (frame as Extract<ServerFrame, readonly [K, ...unknown[]]>) : undefined;
  const joined = async (sub: string, more = {}): Promise<HubClient> => {
    const client = dial(await ticketOf(sub, more));
    await new Promise((done) => client.ws.once('open', done));
    client.send(['hi', { host: `${sub}-browser`, epoch: 1 }]);
    await client.until(frameOf('hello'));
    client.send(['sub', 1, 'inbox', null]);
    await client.until(frameOf('ok'));
    return client;
  };

  test('sends a published message to the user of the ticket, and to no other', async () => {
    const [ann, bob] = [await joined('ann'), await joined('bob')];
    expect(await hub.publish({ sub: 'ann', topic: 'inbox', data: { text: 'hello' } })).toBe(1);
    expect((await ann.until(frameOf('ev'))).slice(1)).toEqual(['inbox', expect.any(String), 1, { text: 'hello' }]);
    await hub.publish({ sub: 'bob', topic: 'inbox', data: 2 });
    expect((await bob.until(frameOf('ev')))[4]).toBe(2);
    const { events } = await hub.history({ sub: 'ann', topic: 'inbox' });
    expect(events).toEqual([{ offset: 1, data: { text: 'hello' } }]);
  });

  test('stores a message with the same id once', async () => {
    const message = { sub: 'ann', topic: 'inbox', data: 1, id: 'order-7' };
    expect([await hub.publish(message), await hub.publish(message)]).toEqual([1, 1]);
  });

  test('opens one socket for each ticket', async () => {
    const ticket = await ticketOf('ann');
    const [first, second] = [dial(ticket), dial(ticket)];
    const codes = await Promise.race([first.closed, second.closed]);
    expect(codes.code).toBe(4401);
    first.ws.terminate();
    second.ws.terminate();
  });

  test('closes the sockets of a session that ends, and opens none for its tickets', async () => {
    const ann = await joined('ann', { session: 'a1' });
    const other = await joined('ann', { session: 'a2' });
    const late = await ticketOf('ann', { session: 'a1' });
    await hub.revoke('a1');
    expect((await ann.closed).code).toBe(4401);
    expect((await dial(late).closed).code).toBe(4401);
    await hub.publish({ sub: 'ann', topic: 'inbox', data: 1 });
    expect((await other.until(frameOf('ev')))[4]).toBe(1);
  });

  test('asks the clients to reconnect when it closes', async () => {
    const ann = await joined('ann');
    await hub.close();
    expect((await ann.closed).code).toBe(1012);
  });

  test('refuses pages of other origins and other paths', async () => {
    const ticket = await ticketOf('ann');
    const statusOf = ({ ws }: HubClient): Promise<unknown> =>
      new Promise((done) => ws.on('unexpected-response', (_request, response) => done(response.statusCode)));
    expect(await statusOf(dial(ticket, { origin: 'https://evil.example' }))).toBe(403);
    expect(await statusOf(dial(ticket, {}, `${url}/other`))).toBe(404);
    const own = dial(ticket, { origin: new URL(url).origin });
    await new Promise((done) => own.ws.once('open', done));
  });

  test('rejects a message that no client could get', async () => {
    await expect(hub.publish({ sub: 'ann', topic: '', data: 1 })).rejects.toThrow(/"" is not a topic/);
    await expect(hub.publish({ sub: 'ann', topic: 't', data: undefined })).rejects.toThrow(/no JSON/);
    await expect(hub.publish({ sub: '', topic: 't', data: 1 })).rejects.toThrow(/needs a `sub`/);
  });

  test('mints no ticket for a request that is not signed in', async () => {
    // @ts-expect-error what an unauthenticated request has
    await expect(tickets.mint(undefined)).rejects.toThrow(/only to requests that are signed in/);
    expect(() => createTickets({ store, seconds: 3600 })).toThrow(/seconds is 3600, and should be 1 to 300/);
  });
});

test('keeps messages over a restart when the store is on lmdb', async () => {
  const path = `${folder.dir}/kept`;
  const publishOnce = async (data: number) => {
    const store = await lmdbStore(path, { secret: SECRET });
    const hub = createHub({ store, authenticate: () => undefined });
    const offset = await hub.publish({ sub: 'ann', topic: 'inbox', data });
    const { epoch } = await hub.history({ sub: 'ann', topic: 'inbox' });
    await hub.close();
    await store.close();
    return { offset, epoch };
  };
  const first = await publishOnce(1);
  expect(await publishOnce(2)).toEqual({ offset: 2, epoch: first.epoch });
  folder.remove();
});
