import type { Page } from '@playwright/test';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { expect, expectOutput, openClient, test, outputOf, twoTabs } from './clients.ts';

/* Unmodified clients, each with its own upstream, which needs a ticket and closes when its connection is lost. */

test('y-websocket: syncs the documents of two tabs, also after their connections were cut', async ({ page, site }) => {
  const pages = await twoTabs(page, site);
  for (const each of pages)
    await each.evaluate(async () => {
      const { Doc, WebsocketProvider, KeeperSocket } = window.libraries;
      const doc = new Doc();
      // Through the server, not through the channel between tabs.
      const options = { WebSocketPolyfill: KeeperSocket as unknown as typeof WebSocket, disableBc: true };
      const provider = new WebsocketProvider(new URL('/rooms/yjs', location.href).href, 'one', doc, options);
      Object.assign(window, { doc });
      await new Promise((resolve) => {
        provider.once('sync', resolve);
      });
    });
  const write = (each: Page, text: string): Promise<void> =>
    each.evaluate((value) => {
      const { doc } = window as unknown as { doc: InstanceType<typeof window.libraries.Doc> };
      doc.getText('t').insert(0, value);
    }, text);
  const read = (each: Page): Promise<string> =>
    each.evaluate(() => {
      const { doc } = window as unknown as { doc: InstanceType<typeof window.libraries.Doc> };
      return doc.getText('t').toJSON();
    });
  await write(pages[0], 'one');
  await expect.poll(() => read(pages[1])).toBe('one');
  expect(site.servers.cut('/rooms/yjs/')).toBe(2);
  await write(pages[1], 'two ');
  await expect.poll(() => read(pages[0])).toBe('two one');
  await write(pages[0], 'three ');
  await expect.poll(() => read(pages[1])).toBe('three two one');
});

for (const library of ['ReconnectingWebSocket', 'PartySocket'] as const) {
  test(`${library}: sees the close and reconnects when its connection or its worker dies`, async ({ page, site }) => {
    await openClient(page, site);
    await page.evaluate((name) => {
      const url = new URL('/rooms/echo', location.href).href.replace('http', 'ws');
      const options = { WebSocket: window.libraries.KeeperSocket, minReconnectionDelay: 20, maxReconnectionDelay: 50 };
      const socket = new window.libraries[name](url, [], options);
      socket.onopen = () => socket.send('hello');
      socket.onmessage = ({ data }: MessageEvent<unknown>) => window.output.push(data);
      socket.onclose = ({ code }: { code: number }) => window.output.push(code);
    }, library);
    await expectOutput(page, ['hello']);
    expect(site.servers.cut('/rooms/echo')).toBe(1);
    await expectOutput(page, ['hello', 1006, 'hello']);
    await killWorkers(page);
    await expect.poll(async () => (await outputOf(page)).slice(0, 4)).toEqual(['hello', 1006, 'hello', 1006]);
    await expect.poll(async () => (await outputOf(page)).at(-1)).toBe('hello');
  });
}

test('tRPC wsLink: continues a subscription after its connection was cut', async ({ page, site }) => {
  await openClient(page, site);
  await page.evaluate(async () => {
    const { createTRPCClient, createWSClient, wsLink, KeeperSocket } = window.libraries;
    const url = new URL('/rooms/trpc', location.href).href.replace('http', 'ws');
    const client = createWSClient({
      url,
      WebSocket: KeeperSocket,
      retryDelayMs: () => 20,
    });
    const trpc = createTRPCClient<import('../../support/sites/client-servers.ts').Router>({
      links: [wsLink({ client })],
    });
    window.output.push(await trpc.hello.query());
    await new Promise<void>((resolve) => {
      trpc.tick.subscribe(undefined, {
        onStarted: () => {
          window.output.push('started');
          resolve();
        },
        onData: (n) => window.output.push(n),
      });
    });
  });
  site.servers.tick(1);
  await expectOutput(page, ['hello', 'started', 1]);
  expect(site.servers.cut('/rooms/trpc')).toBe(1);
  await expectOutput(page, ['hello', 'started', 1, 'started']);
  site.servers.tick(2);
  await expectOutput(page, ['hello', 'started', 1, 'started', 2]);
});
