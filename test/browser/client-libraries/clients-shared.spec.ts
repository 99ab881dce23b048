import type { Page } from '@playwright/test';
import type { ClientSite } from '../../support/sites/client-site.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, expectOutput, openClient, outputOf, test, twoTabs } from './clients.ts';
import { updateToWait } from '../../support/page/update.ts';

/* Unmodified clients in two tabs, over one upstream to the server of their own projects. */

const openedOn = ({ servers }: ClientSite, path: string): number =>
  servers.opened.filter((each) => each === path).length;

/** Subscribes. Outputs closes, pings with a gap, and numbers. */
const subscribe = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { createGraphqlClient, KeeperSocket } = window.libraries;
    const client = createGraphqlClient({
      url: '/graphql',
      webSocketImpl: KeeperSocket,
      on: {
        closed: () => window.output.push('closed'),
        ping: (_received, payload) => window.output.push(payload),
      },
    });
    Object.assign(window, { client });
    client.subscribe(
      { query: 'subscription { tick }' },
      {
        next: ({ data }) => window.output.push(data?.['tick']),
        error: (error) => window.output.push(String(error)),
        complete: () => window.output.push('complete'),
      },
    );
    for await (const { data } of client.iterate({ query: '{ hello }' })) window.output.push(data?.['hello']);
  });

const expectGaps = async (pages: readonly Page[]): Promise<void> => {
  for (const page of pages)
    await expect.poll(() => outputOf(page)).toContainEqual({ possibleGap: [expect.any(String)] });
};

test.describe('graphql-ws', () => {
  test('reports a possible gap and no close when the upstream or the worker dies', async ({ page, site }) => {
    const { servers } = site;
    const before = openedOn(site, '/graphql');
    const pages = await twoTabs(page, site);
    for (const each of pages) await subscribe(each);
    servers.tick(1);
    for (const each of pages) await expectOutput(each, ['hello', 1]);
    expect(openedOn(site, '/graphql') - before).toBe(1);

    expect(servers.cut('/graphql')).toBe(1);
    await expectGaps(pages);
    servers.tick(2);
    for (const each of pages) await expectOutput(each, ['hello', 1, { possibleGap: [expect.any(String)] }, 2]);

    await killWorkers(page);
    for (const each of pages) await expect.poll(async () => (await outputOf(each)).length).toBe(5);
    servers.tick(3);
    for (const each of pages) await expect.poll(async () => (await outputOf(each)).at(-1)).toBe(3);
    for (const each of pages) expect(await outputOf(each)).not.toContain('closed');
    expect(servers.open('/graphql')).toHaveLength(1);
    expect(servers.refused).toEqual([]);
  });

  test('runs a mutation once and reports an error when the upstream is cut during it', async ({ page, site }) => {
    const { servers } = site;
    await openClient(page, site);
    await subscribe(page);
    await page.evaluate(() => {
      const { client } = window as unknown as { client: ReturnType<typeof window.libraries.createGraphqlClient> };
      client.subscribe(
        { query: 'mutation { note(text: "once") }' },
        {
          next: () => window.output.push('next'),
          error: (errors) => window.output.push(JSON.stringify(errors)),
          complete: () => window.output.push('complete'),
        },
      );
    });
    await expect.poll(() => servers.mutations).toEqual(['once']);
    expect(servers.cut('/graphql')).toBe(1);
    await expect
      .poll(async () => (await outputOf(page)).slice(0, 3))
      .toEqual([
        'hello',
        '[{"message":"The connection was lost; whether this was carried out is unknown."}]',
        { possibleGap: [expect.any(String)] },
      ]);
    servers.tick(1);
    await expect.poll(async () => (await outputOf(page)).at(-1)).toBe(1);
    expect(servers.mutations).toEqual(['once']);
  });
});

/** Connects. Outputs events, disconnects and answers. */
const connect = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const { io, KeeperTransport } = window.libraries;
    const socket = io({ transports: [KeeperTransport], reconnectionDelay: 50 });
    Object.assign(window, { socket });
    socket.on('tick', (n: number) => window.output.push(n));
    socket.on('disconnect', (reason) => window.output.push(reason));
    await new Promise<void>((resolve) => void socket.on('connect', resolve));
  });

/** The journal entries about this connection. */
const writtenOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    const journal = await window.keeper.journal();
    return journal.ok
      ? journal.value.flatMap(({ machine, what }) => (machine.includes('socket.io') ? [what] : []))
      : [];
  });

/** Stops all script of the page until `resume`. A frozen page would still receive events about workers. */
const hold = async (page: Page): Promise<() => Promise<unknown>> => {
  const session = await page.context().newCDPSession(page);
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  await session.send('Debugger.pause');
  const ran = page.evaluate(() => window.output.length);
  await paused;
  return async () => {
    await session.send('Debugger.disable');
    await ran;
  };
};

const countOfLate = async (page: Page): Promise<number> =>
  (await writtenOf(page)).filter((what) => what === 'a tab is behind the link').length;

const emitAdd = (page: Page, a: number, b: number): Promise<unknown> =>
  page.evaluate(
    ([left, right]) => {
      const { socket } = window as unknown as { socket: ReturnType<typeof window.libraries.io> };
      return socket.timeout(10_000).emitWithAck('add', left, right) as Promise<unknown>;
    },
    [a, b],
  );

test.describe('socket.io', () => {
  test('loses no event and reports no close when the upstream or the worker dies', async ({ page, site }) => {
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
    expect(await Promise.all([emitAdd(pages[0], 1, 2), emitAdd(pages[1], 10, 20)])).toEqual([3, 30]);
    for (const each of pages) await expectOutput(each, upTo(1));

    // The cut comes while events are in flight, and the emit while there is no connection.
    for (const _ of upTo(5)) emit();
    for (const socket of socketIo.sockets.sockets.values()) socket.conn.close(true);
    for (const _ of upTo(5)) emit();
    expect(await emitAdd(pages[0], 5, 5)).toBe(10);
    for (const each of pages) await expectOutput(each, upTo(11));

    for (const _ of upTo(5)) emit();
    await killWorkers(page);
    for (const _ of upTo(5)) emit();
    expect(await emitAdd(pages[1], 7, 7)).toBe(14);
    for (const each of pages) await expectOutput(each, upTo(21));
    expect(socketIo.sockets.sockets.size).toBe(1);
    // One for each lost connection, and one more when a tab comes back late (see below).
    expect(openedOn(site, '/socket.io/') - before).toBe(3 + (await countOfLate(page)));
  });

  test('opens a new Socket.IO session when a tab comes back late', async ({ page, site }) => {
    const { socketIo } = site.servers;
    const before = openedOn(site, '/socket.io/');
    const pages = await twoTabs(page, site);
    for (const each of pages) await connect(each);
    socketIo.emit('tick', 1);
    for (const each of pages) await expectOutput(each, [1]);

    const goOn = await hold(pages[1]);
    await killWorkers(page);
    await expect.poll(() => openedOn(site, '/socket.io/') - before).toBe(2);
    socketIo.emit('tick', 2);
    await expectOutput(page, [1, 2]);
    expect(await countOfLate(page)).toBe(0);
    await goOn();
    await expectOutput(pages[1], [1, 2]);
    socketIo.emit('tick', 3);
    for (const each of pages) await expectOutput(each, [1, 2, 3]);
    expect(await countOfLate(page)).toBe(1);
    expect(openedOn(site, '/socket.io/') - before).toBe(3);
    expect(await writtenOf(page)).not.toContain('frame of another protocol');
  });

  test('disconnects the clients, and they reconnect, when the server lost its state', async ({ page, site }) => {
    const { socketIo } = site.servers;
    const pages = await twoTabs(page, site);
    for (const each of pages) await connect(each);
    for (const socket of socketIo.sockets.sockets.values()) {
      // No connection to recover, as after a restart.
      Object.assign(socket, { pid: undefined });
      socket.conn.close(true);
    }
    for (const each of pages) await expectOutput(each, ['transport close']);
    for (const each of pages) await expect.poll(() => isConnected(each)).toBe(true);
  });
});

const isConnected = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { socket } = window as unknown as { socket: ReturnType<typeof window.libraries.io> };
    return socket.connected;
  });

/** Resolves when a newer worker serves this page. */
const updateSite = async (page: Page, site: ClientSite): Promise<void> => {
  const { worker } = await snapshotOf(page);
  await updateToWait(page, () => site.deploy());
  await expect.poll(async () => (await snapshotOf(page)).worker.id).not.toBe(worker.id);
};

test('reports no close, and Socket.IO loses no event, when a newer worker takes over', async ({ page, site }) => {
  const pages = await twoTabs(page, site);
  await subscribe(pages[0]);
  await connect(pages[1]);
  site.servers.tick(1);
  site.servers.socketIo.emit('tick', 1);
  await expectOutput(pages[0], ['hello', 1]);
  await expectOutput(pages[1], [1]);
  await updateSite(page, site);
  site.servers.socketIo.emit('tick', 2);
  await expectGaps([pages[0]]);
  site.servers.tick(2);
  await expectOutput(pages[0], ['hello', 1, { possibleGap: [expect.any(String)] }, 2]);
  await expectOutput(pages[1], [1, 2]);
});

test.describe('rxjs webSocket', () => {
  test('broadcast: delivers all messages of one upstream to all tabs', async ({ page, site }) => {
    const pages = await twoTabs(page, site);
    for (const each of pages)
      await each.evaluate(async () => {
        const { webSocket, KeeperSocket } = window.libraries;
        await new Promise<void>((resolve) => {
          const subject = webSocket<unknown>({
            url: new URL('/all', location.href).href.replace('http', 'ws'),
            WebSocketCtor: KeeperSocket,
            openObserver: { next: () => resolve() },
            closeObserver: { next: ({ code }) => window.output.push(code) },
          });
          subject.subscribe((value) => window.output.push(value));
          Object.assign(window, { subject });
        });
      });
    const send = (value: string): Promise<void> =>
      pages[0].evaluate((text) => {
        const { subject } = window as unknown as { subject: { next(value: string): void } };
        subject.next(text);
      }, value);
    await send('one');
    for (const each of pages) await expectOutput(each, ['one']);
    const before = openedOn(site, '/all');
    expect(site.servers.cut('/all')).toBe(1);
    // A frame that leaves before the worker notices the cut is lost, as with any WebSocket.
    await expect.poll(() => openedOn(site, '/all') - before).toBe(1);
    await send('two');
    for (const each of pages) await expectOutput(each, ['one', 'two']);
  });
});
