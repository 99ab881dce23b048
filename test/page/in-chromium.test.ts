import { describe, expect, test } from 'vitest';
import { connect, eventually, kill, noted, untilNoted, useToySite, workerId } from './support/toy-page.ts';

const toys = useToySite();

describe('a page', () => {
  test('connects on the first load, and its requests are authorized from then on', async () => {
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

  test('is controlled although the worker does not claim it by itself', async () => {
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

  test('tells the worker what it sees of the world', async () => {
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
  test('a call that it took is answered by the next one', async () => {
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

  test('the page attaches to the next one and takes its lease, over and over', async () => {
    const toy = await toys.open();
    await connect(toy);
    const lives = new Set([await workerId(toy)]);
    for (let round = 1; round <= 4; round += 1) {
      await kill(toy);
      await eventually(async () => lives.has(await workerId(toy))).toBe(false);
      lives.add(await workerId(toy));
    }
    // One for each life, at least: a request that is pending when its worker dies is sent again by the browser itself.
    await eventually(() => noted(toy, 'lease').length >= lives.size).toBe(true);
    expect(noted(toy, 'attach').map(({ what }) => what.split(' ')[1])).toEqual([
      'navigate',
      ...Array.from({ length: 4 }, () => 'reattach'),
    ]);
  });

  test('pulses are added to a lease that did not keep it alive', async () => {
    const toy = await toys.open();
    await connect(toy);
    await untilNoted(toy, 'lease', 1);
    expect(toys.site.pulsing).toBe(false);
    await kill(toy);
    await eventually(() => toys.site.pulsing).toBe(true);
  });

  test('a channel goes on where it was: nothing twice, nothing missing', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.heard = [];
      void (async () => {
        for await (const event of keeper.channel('news').events()) heard.push(event);
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
    await eventually(() => page.evaluate(() => heard.length)).toBe(12);
    const told = await page.evaluate(() =>
      heard.map((event) => (event.type === 'message' ? event.offset : event.type)),
    );
    expect(told).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
  });

  test('a socket stays open, and what is sent in the meantime arrives', async () => {
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
    expect(noted(toy, 'socket-open')).toHaveLength(2);
  });

  test('a socket gives back what it was to remember, and says again what was not taken', async () => {
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
  test('is not held up by the lease, and shows in keeper.update', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await untilNoted(toy, 'lease', 1);
    expect(await page.evaluate(() => keeper.update.ready)).toBe(false);
    toys.site.worker = { ...toys.site.worker, build: 'two' };
    const begun = performance.now();
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await eventually(() => page.evaluate(() => keeper.snapshot.build)).toBe('two');
    // with a lease that is not given up it takes 301 s (measured)
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await page.evaluate(() => keeper.update.ready)).toBe(true);
    expect(await page.evaluate(async () => (await keeper.fetch('/api/get')).ok)).toBe(true);
  });
});

describe('the back-forward cache', () => {
  test('gives the page back, and it attaches anew', async () => {
    const toy = await toys.open();
    const { page } = toy;
    await connect(toy);
    await page.evaluate(() => {
      globalThis.log = ['the same page'];
    });
    await page.goto(`${toys.site.origin}/?elsewhere`);
    await untilNoted(toy, 'bye', 1);
    await kill(toy);
    // a page that comes out of the cache has no `load`
    await page.goBack({ waitUntil: 'commit' });
    expect(await page.evaluate(() => log)).toEqual(['the same page']);
    await untilNoted(toy, 'attach restored', 1);
    await eventually(() => noted(toy, 'lease')).not.toHaveLength(0);
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

  test('and without a configuration everything says why', async () => {
    toys.site.worker.kind = 'none';
    const toy = await toys.open();
    const { page } = toy;
    expect((await connect(toy)).session).toMatchObject({
      state: 'signed-out',
      reason: 'never',
      problem: { code: 'no-worker' },
    });
    const told = await page.evaluate(async () => [
      await keeper.journal(),
      await keeper.fetch('/api/get').catch((error: unknown) => String(error)),
    ]);
    expect(told).toMatchObject([{ ok: false, problem: { code: 'no-worker' } }, 'TypeError: no-worker']);
    expect(toys.site.requests).toEqual([]);
  });
});
