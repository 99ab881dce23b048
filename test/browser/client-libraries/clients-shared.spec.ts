import type { Page } from '@playwright/test';
import type { ClientSite } from '../../support/sites/client-site.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, expectTold, openClient, told, test, twoTabs } from './clients.ts';

/* Unmodified clients in two tabs, over one upstream to the server that their own projects ship. */

const openedOn = ({ servers }: ClientSite, path: string): number =>
  servers.opened.filter((each) => each === path).length;

/** Subscribes; closes, pings with a gap and numbers are told. */
const subscribe = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { createGraphqlClient, KeeperSocket } = window.libraries;
    const client = createGraphqlClient({
      url: '/graphql',
      webSocketImpl: KeeperSocket,
      on: {
        closed: () => window.told.push('closed'),
        ping: (_received, payload) => window.told.push(payload),
      },
    });
    Object.assign(window, { client });
    client.subscribe(
      { query: 'subscription { tick }' },
      {
        next: ({ data }) => window.told.push(data?.['tick']),
        error: (error) => window.told.push(String(error)),
        complete: () => window.told.push('complete'),
      },
    );
    for await (const { data } of client.iterate({ query: '{ hello }' })) window.told.push(data?.['hello']);
  });

const expectGaps = async (pages: readonly Page[]): Promise<void> => {
  for (const page of pages) await expect.poll(() => told(page)).toContainEqual({ possibleGap: [expect.any(String)] });
};

test.describe('graphql-ws', () => {
  test('one upstream; it is killed, then the worker: no client sees a close, each is told of a possible gap', async ({
    page,
    site,
  }) => {
    const { servers } = site;
    const before = openedOn(site, '/graphql');
    const pages = await twoTabs(page, site);
    for (const each of pages) await subscribe(each);
    servers.tick(1);
    for (const each of pages) await expectTold(each, ['hello', 1]);
    expect(openedOn(site, '/graphql') - before).toBe(1);

    expect(servers.cut('/graphql')).toBe(1);
    await expectGaps(pages);
    servers.tick(2);
    for (const each of pages) await expectTold(each, ['hello', 1, { possibleGap: [expect.any(String)] }, 2]);

    await killWorkers(page);
    for (const each of pages) await expect.poll(async () => (await told(each)).length).toBe(5);
    servers.tick(3);
    for (const each of pages) await expect.poll(async () => (await told(each)).at(-1)).toBe(3);
    for (const each of pages) expect(await told(each)).not.toContain('closed');
    expect(servers.open('/graphql')).toHaveLength(1);
    expect(servers.refused).toEqual([]);
  });

  test('a mutation under way when the upstream is cut is carried out once, and its client is told', async ({
    page,
    site,
  }) => {
    const { servers } = site;
    await openClient(page, site);
    await subscribe(page);
    await page.evaluate(() => {
      const { client } = window as unknown as { client: ReturnType<typeof window.libraries.createGraphqlClient> };
      client.subscribe(
        { query: 'mutation { note(text: "once") }' },
        {
          next: () => window.told.push('next'),
          error: (errors) => window.told.push(JSON.stringify(errors)),
          complete: () => window.told.push('complete'),
        },
      );
    });
    await expect.poll(() => servers.mutations).toEqual(['once']);
    expect(servers.cut('/graphql')).toBe(1);
    await expect
      .poll(async () => (await told(page)).slice(0, 3))
      .toEqual([
        'hello',
        '[{"message":"The connection was lost; whether this was carried out is unknown."}]',
        { possibleGap: [expect.any(String)] },
      ]);
    servers.tick(1);
    await expect.poll(async () => (await told(page)).at(-1)).toBe(1);
    expect(servers.mutations).toEqual(['once']);
  });
});

/** Connects; events, disconnections and answers are told. */
const connect = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { io, KeeperTransport } = window.libraries;
    const socket = io({ transports: [KeeperTransport], reconnectionDelay: 50 });
    Object.assign(window, { socket });
    socket.on('tick', (n: number) => window.told.push(n));
    socket.on('disconnect', (reason) => window.told.push(reason));
    await new Promise<void>((resolve) => void socket.on('connect', resolve));
  });

/** What the workers wrote down of this connection. */
const writtenOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    const journal = await window.keeper.journal();
    return journal.ok
      ? journal.value.flatMap(({ machine, what }) => (machine.includes('socket.io') ? [what] : []))
      : [];
  });

/** Nothing of the page runs any more until it is told to go on: to be frozen does not keep it from hearing of workers. */
const hold = async (page: Page): Promise<() => Promise<unknown>> => {
  const session = await page.context().newCDPSession(page);
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await session.send('Debugger.pause');
  const ran = page.evaluate(() => window.told.length);
  await paused;
  return async () => {
    await session.send('Debugger.disable');
    await ran;
  };
};

const countOfLate = async (page: Page): Promise<number> =>
  (await writtenOf(page)).filter((what) => what === 'a tab is behind the link').length;

const ask = (page: Page, a: number, b: number): Promise<unknown> =>
  page.evaluate(
    ([left, right]) => {
      const { socket } = window as unknown as { socket: ReturnType<typeof window.libraries.io> };
      return socket.timeout(10_000).emitWithAck('add', left, right) as Promise<unknown>;
    },
    [a, b],
  );

test.describe('socket.io', () => {
  test('one upstream; it is killed, then the worker: no client sees a close, and none misses an event', async ({
    page,
    site,
  }) => {
    const { socketIo } = site.servers;
    const before = openedOn(site, '/socket.io/');
    let [connections, n] = [0, 0];
    const count = (): void => void (connections += 1);
    socketIo.on('connection', (socket) => {
      count();
      socket.on('add', (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
    });
    const emit = (): void => void socketIo.emit('tick', (n += 1));
    const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

    const pages = await twoTabs(page, site);
    for (const each of pages) await connect(each);
    expect(connections).toBe(1);
    emit();
    expect(await Promise.all([ask(pages[0], 1, 2), ask(pages[1], 10, 20)])).toEqual([3, 30]);
    for (const each of pages) await expectTold(each, upTo(1));

    // cut while events are under way, and asked while there is no link
    for (const _ of upTo(5)) emit();
    for (const socket of socketIo.sockets.sockets.values()) socket.conn.close(true);
    for (const _ of upTo(5)) emit();
    expect(await ask(pages[0], 5, 5)).toBe(10);
    for (const each of pages) await expectTold(each, upTo(11));

    for (const _ of upTo(5)) emit();
    await killWorkers(page);
    for (const _ of upTo(5)) emit();
    expect(await ask(pages[1], 7, 7)).toBe(14);
    for (const each of pages) await expectTold(each, upTo(21));
    expect(socketIo.sockets.sockets.size).toBe(1);
    // one for each link that was lost, and one more where a tab came back late: see below
    expect(openedOn(site, '/socket.io/') - before).toBe(3 + (await countOfLate(page)));
  });

  test('a tab that comes back late: the link is not where it was any more, and begins anew there', async ({
    page,
    site,
  }) => {
    const { socketIo } = site.servers;
    const before = openedOn(site, '/socket.io/');
    const pages = await twoTabs(page, site);
    for (const each of pages) await connect(each);
    socketIo.emit('tick', 1);
    for (const each of pages) await expectTold(each, [1]);

    const goOn = await hold(pages[1]);
    await killWorkers(page);
    await expect.poll(() => openedOn(site, '/socket.io/') - before).toBe(2);
    socketIo.emit('tick', 2);
    await expectTold(page, [1, 2]);
    expect(await countOfLate(page)).toBe(0);
    await goOn();
    await expectTold(pages[1], [1, 2]);
    socketIo.emit('tick', 3);
    for (const each of pages) await expectTold(each, [1, 2, 3]);
    expect(await countOfLate(page)).toBe(1);
    expect(openedOn(site, '/socket.io/') - before).toBe(3);
    expect(await writtenOf(page)).not.toContain('frame of another protocol');
  });

  test('a server that lost its memory: the clients are told, and connect anew', async ({ page, site }) => {
    const { socketIo } = site.servers;
    const pages = await twoTabs(page, site);
    for (const each of pages) await connect(each);
    for (const socket of socketIo.sockets.sockets.values()) {
      // no connection to recover: as after a restart
      Object.assign(socket, { pid: undefined });
      socket.conn.close(true);
    }
    for (const each of pages) await expectTold(each, ['transport close']);
    for (const each of pages) await expect.poll(() => isConnected(each)).toBe(true);
  });
});

const isConnected = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { socket } = window as unknown as { socket: ReturnType<typeof window.libraries.io> };
    return socket.connected;
  });

/** Until a newer worker serves this page. */
const update = async (page: Page, site: ClientSite): Promise<void> => {
  const { worker } = await snapshotOf(page);
  site.deploy();
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await expect.poll(async () => (await snapshotOf(page)).worker.id).not.toBe(worker.id);
};

test('a newer worker takes over: no client sees a close, and socket.io misses nothing', async ({ page, site }) => {
  const pages = await twoTabs(page, site);
  await subscribe(pages[0]);
  await connect(pages[1]);
  site.servers.tick(1);
  site.servers.socketIo.emit('tick', 1);
  await expectTold(pages[0], ['hello', 1]);
  await expectTold(pages[1], [1]);
  await update(page, site);
  site.servers.socketIo.emit('tick', 2);
  await expectGaps([pages[0]]);
  site.servers.tick(2);
  await expectTold(pages[0], ['hello', 1, { possibleGap: [expect.any(String)] }, 2]);
  await expectTold(pages[1], [1, 2]);
});

test.describe('rxjs webSocket', () => {
  test('broadcast: one upstream, and every tab hears all', async ({ page, site }) => {
    const pages = await twoTabs(page, site);
    for (const each of pages)
      await each.evaluate(async () => {
        const { webSocket, KeeperSocket } = window.libraries;
        await new Promise<void>((resolve) => {
          const subject = webSocket<unknown>({
            url: new URL('/all', location.href).href.replace('http', 'ws'),
            WebSocketCtor: KeeperSocket,
            openObserver: { next: () => resolve() },
            closeObserver: { next: ({ code }) => window.told.push(code) },
          });
          subject.subscribe((value) => window.told.push(value));
          Object.assign(window, { subject });
        });
      });
    const say = (value: string): Promise<void> =>
      pages[0].evaluate((text) => {
        const { subject } = window as unknown as { subject: { next(value: string): void } };
        subject.next(text);
      }, value);
    await say('one');
    for (const each of pages) await expectTold(each, ['one']);
    expect(site.servers.cut('/all')).toBe(1);
    await say('two');
    for (const each of pages) await expectTold(each, ['one', 'two']);
    expect(site.servers.open('/all')).toHaveLength(1);
  });
});
