import { describe, expect, test } from 'vitest';
import { connect, eventually, kill, noted, untilNoted, useToySite, workerId } from './support/toy-page.ts';
import { updateToWait } from '../support/page/update.ts';

const toys = useToySite();

describe('a page', () => {
  test('connects on the first load, and its requests are authorized after that', async () => {
    const toy = await toys.open();
    const { page } = toy;
    const snapshot = await connect(toy);
    expect(snapshot).toMatchObject({ build: 'one', worker: { host: 'service-worker' } });
    await page.evaluate(() =>
      Promise.all([keeper.fetch('/api/get'), keeper.fetch('/api/post', { method: 'POST', body: 'x' })]),
    );
    const [get, post] = toys.site.requests.toSorted((a, b) => a.path.localeCompare(b.path));
    expect(get).toEqual({ method: 'GET', path: '/api/get', authorization: 'Bearer toy', key: undefined });
    expect(post).toMatchObject({ method: 'POST', path: '/api/post', authorization: 'Bearer toy' });
    expect(post?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(noted(toy, 'attach')[0]?.what).toBe('attach navigate true []');
  });

  test('keeps the idempotency key that the caller has set', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => keeper.fetch('/api/post', { method: 'POST', headers: { 'Idempotency-Key': 'mine' } }));
    expect(toys.site.requests[0]?.key).toBe('mine');
  });

  test('is controlled when the worker does not claim it', async () => {
    toys.site.worker.claims = false;
    const toy = await toys.open();
    await connect(toy);
    await toy.page.evaluate(() => keeper.fetch('/api/get'));
    expect(toys.site.requests.map(({ authorization }) => authorization)).toEqual(['Bearer toy']);
  });

  test('is controlled after a hard reload', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await Promise.all([page.waitForEvent('load'), toy.devtools.send('Page.reload', { ignoreCache: true })]);
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
    await connect(toy);
    expect(noted(toy, 'attach reload')).toHaveLength(1);
    await page.evaluate(() => keeper.fetch('/api/get'));
    expect(toys.site.requests.map(({ authorization }) => authorization)).toEqual(['Bearer toy']);
  });

  test('has one keeper, until it is closed', async () => {
    const toy = await toys.open();
    const { page } = toy;
    const [same, other] = await page.evaluate(async () => {
      const [first, second] = await Promise.all([lib.connect(), lib.connect()]);
      first.close();
      return [first === second, first === (await lib.connect())];
    });
    expect([same, other]).toEqual([true, false]);
  });

  test('notifies the worker when it is offline, online or resumed', async () => {
    const toy = await toys.open();
    await connect(toy);
    await toy.page.evaluate(() => {
      for (const event of ['offline', 'online']) dispatchEvent(new Event(event));
      document.dispatchEvent(new Event('resume'));
    });
    await untilNoted(toy, 'nudge', 3);
    expect(noted(toy, 'nudge').map(({ what }) => what)).toEqual(['nudge offline', 'nudge online', 'nudge thaw']);
  });
});

describe('when the worker dies', () => {
  test('the next worker answers the pending call', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.pending = keeper.journal();
    });
    await untilNoted(toy, 'journal', 1);
    await kill(toy);
    expect(await page.evaluate(() => pending)).toEqual({ ok: true, value: [] });
  });

  test('the page attaches to the next worker and holds its keep-alive, each time', async () => {
    const toy = await toys.open();
    await connect(toy);
    const workers = new Set([await workerId(toy)]);
    for (let round = 1; round <= 4; round += 1) {
      await kill(toy);
      await eventually(async () => workers.has(await workerId(toy))).toBe(false);
      workers.add(await workerId(toy));
    }
    // At least one for each worker: when a worker dies, the browser sends its pending requests again.
    await eventually(() => noted(toy, 'keep-alive').length >= workers.size).toBe(true);
    expect(noted(toy, 'attach').map(({ what }) => what.split(' ')[1])).toEqual([
      'navigate',
      ...Array.from({ length: 4 }, () => 'reattach'),
    ]);
  });

  test('the page adds pulses when the keep-alive did not keep the worker alive', async () => {
    const toy = await toys.open();
    await connect(toy);
    await untilNoted(toy, 'keep-alive', 1);
    expect(toys.site.pulsing).toBe(false);
    await kill(toy);
    await eventually(() => toys.site.pulsing).toBe(true);
  });

  test('a channel delivers each message once and in order', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.received = [];
      void (async () => {
        for await (const event of keeper.channel('news').events()) received.push(event);
      })();
    });
    await untilNoted(toy, 'join', 1);
    const publish = () => page.evaluate(() => Promise.all([1, 2, 3].map((n) => keeper.channel('news').publish(n))));
    await publish();
    for (let round = 1; round <= 3; round += 1) {
      const published = publish();
      await kill(toy);
      expect((await published).every(({ ok }) => ok)).toBe(true);
    }
    await eventually(() => page.evaluate(() => received.length)).toBe(12);
    const offsets = await page.evaluate(() =>
      received.map((event) => (event.type === 'message' ? event.offset : event.type)),
    );
    expect(offsets).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
  });

  test('a socket stays open, and later frames arrive', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.log = [];
      globalThis.socket = keeper.socket('/echo');
      for (const type of ['open', 'message', 'error', 'close']) {
        socket.addEventListener(type, (event) => log.push(event instanceof MessageEvent ? String(event.data) : type));
      }
    });
    await eventually(() => page.evaluate(() => log)).toEqual(['open']);
    const before = await workerId(toy);
    await page.evaluate(() => socket.send('one'));
    await eventually(() => page.evaluate(() => log)).toEqual(['open', 'one']);
    await kill(toy);
    await eventually(() => workerId(toy)).not.toBe(before);
    await page.evaluate(() => socket.send('two'));
    await eventually(() => page.evaluate(() => log)).toEqual(['open', 'one', 'two']);
    expect(await page.evaluate(() => [socket.readyState, socket.bufferedAmount])).toEqual([1, 0]);
    await untilNoted(toy, 'socket-open', 2);
    expect(noted(toy, 'socket-open')).toHaveLength(2);
  });

  test('a socket returns its memo to the next worker, and repeats unacknowledged frames', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(async () => {
      globalThis.socket = keeper.socket('/echo');
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      socket.send('taken');
      socket.send('kept');
    });
    await untilNoted(toy, 'kept', 1);
    await eventually(() => page.evaluate(() => socket.bufferedAmount)).toBe('kept'.length);
    const before = await workerId(toy);
    await kill(toy);
    await eventually(() => workerId(toy)).not.toBe(before);
    await untilNoted(toy, 'kept', 2);
    expect(noted(toy, 'socket-open').map(({ what }) => what)).toEqual(['socket-open null', 'socket-open "a memo"']);
    expect(noted(toy, 'socket-send')).toHaveLength(1);
    expect(await page.evaluate(() => socket.readyState)).toBe(1);
  });
});

describe('an update', () => {
  test('is not delayed by the keep-alive, and shows in keeper.update', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await untilNoted(toy, 'keep-alive', 1);
    expect(await page.evaluate(() => keeper.update.ready)).toBe(false);
    const begun = performance.now();
    await updateToWait(page, () => void (toys.site.worker = { ...toys.site.worker, build: 'two' }));
    await eventually(() => page.evaluate(() => keeper.snapshot.build)).toBe('two');
    // With a keep-alive that does not end, it takes 301 s (measured).
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await page.evaluate(() => keeper.update.ready)).toBe(true);
    expect(await page.evaluate(async () => (await keeper.fetch('/api/get')).ok)).toBe(true);
  });
});

describe('a page that goes away', () => {
  test.each(['beforeunload', 'pagehide', 'visibilitychange'])(
    'delivers what its handlers of %s send and publish [page-leaves]',
    async (event) => {
      const toy = await toys.open();
      const { page } = toy;
      await connect(toy);
      await page.evaluate(async (type) => {
        const socket = new lib.KeeperSocket('/echo');
        await new Promise((resolve) => socket.addEventListener('open', resolve));
        const target = type === 'visibilitychange' ? document : globalThis;
        target.addEventListener(type, () => {
          for (let n = 0; n < 5; n += 1) {
            socket.send(`${n}`);
            void keeper.channel('news').publish(n);
          }
        });
      }, event);
      const before = toys.site.published;
      await page.goto(`${toys.site.origin}/?elsewhere`);
      await untilNoted(toy, 'socket-send string', 5);
      await expect.poll(() => toys.site.published - before).toBe(5);
    },
  );
});

describe('the back-forward cache', () => {
  test('restores the page, which attaches again', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.log = ['the same page'];
    });
    await page.goto(`${toys.site.origin}/?elsewhere`);
    await untilNoted(toy, 'bye', 1);
    await kill(toy);
    // A page from the cache fires no `load` event.
    await page.goBack({ waitUntil: 'commit' });
    expect(await page.evaluate(() => log)).toEqual(['the same page']);
    await untilNoted(toy, 'attach restored', 1);
    await eventually(() => noted(toy, 'keep-alive')).not.toHaveLength(0);
    expect((await page.evaluate(() => keeper.nudge())).ok).toBe(true);
  });
});

describe('without a worker', () => {
  const config = {
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/whoami',
    signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout', reuseGraceMs: 0 } },
    sockets: [],
  };

  test('the host runs in the page', async () => {
    const toy = await toys.open({ serviceWorkers: 'block' });
    const { page } = toy;
    const session = await page.evaluate(async (config) => {
      globalThis.keeper = await lib.connect({ config });
      return new Promise<unknown>((resolve) => {
        keeper.subscribe(
          ({ session, worker }) => session.state !== 'starting' && resolve({ host: worker.host, session }),
        );
      });
    }, config);
    expect(session).toMatchObject({ host: 'page', session: { state: 'signed-out', reason: 'never' } });
    expect(await page.evaluate(async () => (await keeper.fetch('/api/get')).status)).toBe(200);
  });

  test('each call returns `no-worker` when there is no configuration either', async () => {
    toys.site.worker.kind = 'none';
    const toy = await toys.open();
    const { page } = toy;
    expect((await connect(toy)).session).toMatchObject({
      state: 'signed-out',
      reason: 'never',
      problem: { code: 'no-worker' },
    });
    const results = await page.evaluate(async () => [
      await keeper.journal(),
      await keeper.fetch('/api/get').catch((error: unknown) => String(error)),
    ]);
    expect(results).toMatchObject([{ ok: false, problem: { code: 'no-worker' } }, 'TypeError: no-worker']);
    expect(toys.site.requests).toEqual([]);
  });
});
