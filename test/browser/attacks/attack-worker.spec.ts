import type { Page } from '@playwright/test';
import type { App } from '../../support/server/app.ts';
import { startApp } from '../../support/server/app.ts';
import { expectSocket } from '../../support/page/channels.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, DEMO, expectSession, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';
import { createFaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { collectSecrets, openWireTap, type WireTap } from '../../support/page/secrets.ts';
import { signIn } from '../../support/page/sign-in.ts';

const MESSAGES = 10_000;
const SEED = 20_261_121;

type Realm = { globals: string[]; prototypes: string[]; rejections: string[] };

/** The marks that a successful hostile message leaves in the worker's realm. */
const realmOf = (page: Page): Promise<Realm> => {
  const [worker] = page.context().serviceWorkers();
  if (!worker) throw new Error('There is no worker.');
  return worker.evaluate(() => {
    const scope = self as unknown as { rejections?: string[] };
    if (!scope.rejections) {
      const rejections: string[] = (scope.rejections = []);
      self.addEventListener('unhandledrejection', ({ reason }) => rejections.push(String(reason)));
      self.addEventListener('error', ({ message }) => rejections.push(message));
    }
    const keysOf = (what: object): string[] => Reflect.ownKeys(what).map(String).toSorted();
    return {
      globals: keysOf(self),
      prototypes: [Object, Array, Function, Promise, Map, Response, Request].flatMap((each) =>
        keysOf(each.prototype as object).map((key) => `${each.name} ${key}`),
      ),
      rejections: scope.rejections,
    };
  });
};

/** Posts messages from this seed. Each is close to a message of the protocol or of comlink. */
const fuzz = (page: Page, count: number, seed: number): Promise<{ posted: number; signOuts: number }> =>
  page.evaluate(
    async ([many, start]) => {
      const MARK = 'session-keeper';
      let state = start;
      // mulberry32 (https://github.com/cprosche/mulberry32)
      const chance = (): number => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
      };
      const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
      const METHODS = ['snapshot', 'signIn', 'nudge', 'journal', 'publish', 'backup', 'restore'];
      const REACH = ['constructor', '__proto__', 'prototype', 'toString', 'call', 'apply', 'bind', 'then', 'valueOf'];
      const KINDS = ['APPLY', 'GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE', 'HANDLER', '', 'apply'];
      const code = 'self.pwned = true; Object.prototype.polluted = true';
      const value = (depth: number): unknown => {
        const made: readonly (() => unknown)[] = [
          () => null,
          () => undefined,
          () => chance() * 1e9,
          () => pick([Number.NaN, Infinity, -0, 1e308]),
          () => pick([...METHODS, ...REACH, code, '', 'x'.repeat(5_000), '\u0000\ud800']),
          () => chance() < 0.5,
          () => new Map([[pick(REACH), code]]),
          () => new Set([code]),
          () => new Date(0),
          () => new Uint8Array(32),
          () => new Blob([code]),
          () => new Error(code),
          () => /x/,
          () => 10n,
          () => JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`) as unknown,
          () => Array.from({ length: 5 }, () => (depth > 0 ? value(depth - 1) : 0)),
          () =>
            Object.fromEntries([0, 1].map(() => [pick([...REACH, 'kind', 'id']), depth > 0 ? value(depth - 1) : 1])),
        ];
        return pick(made)();
      };
      const argument = (): unknown =>
        pick<() => unknown>([
          () => ({ type: 'RAW', value: value(4) }),
          () => ({ type: 'HANDLER', name: pick(['proxy', 'throw', 'x']), value: value(2) }),
          () => value(3),
        ])();
      const path = (): unknown =>
        pick<() => unknown>([
          () => [pick(METHODS)],
          () => [pick(METHODS), pick(REACH)],
          () => [pick(REACH), pick(REACH)],
          () => value(2),
        ])();
      const call = (n: number): unknown => ({
        id: chance() < 0.9 ? `fuzz-${n}` : value(1),
        type: chance() < 0.5 ? 'APPLY' : pick(KINDS),
        path: path(),
        argumentList: chance() < 0.9 ? Array.from({ length: Math.floor(chance() * 6) }, argument) : value(2),
        value: argument(),
      });
      const intro = (): unknown => ({
        protocol: pick([1, 0, 99, '1']),
        tab: pick(['fuzz', '', 'x'.repeat(500)]),
        arrival: pick(['navigate', 'nothing']),
        visible: value(0),
        topics: pick<unknown>([[], [['t', null]], value(3)]),
      });
      const message = (n: number): unknown =>
        pick<() => unknown>([
          () => ({ mark: MARK, type: 'call', message: call(n) }),
          () => ({ mark: MARK, type: 'call', message: value(4) }),
          () => ({ mark: MARK, type: pick(['attach', 'nothing', 'answer']), intro: intro() }),
          () => ({ mark: value(0), type: value(1), message: call(n) }),
          () => value(5),
          () => call(n),
        ])();
      const worker = navigator.serviceWorker.controller;
      window.seen = [];
      for (let n = 0; n < many; n += 1) {
        const next = message(n);
        const ports = chance() < 0.02 ? [new MessageChannel().port1] : [];
        worker?.postMessage(next, ports);
        // Lets the worker answer, so that neither queue grows without bound.
        if (n % 500 === 0) await window.keeper.journal();
      }
      await window.keeper.journal();
      return { posted: many, signOuts: window.seen.filter(({ session }) => session.state === 'signed-out').length };
    },
    [count, seed] as const,
  );

test(`answers the next valid call after ${MESSAGES} hostile messages [hostile-messages]`, async ({
  page,
  app,
  complaints,
}) => {
  test.setTimeout(120_000);
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await expectSocket(page, 'open');
  const { worker } = await snapshotOf(page);
  await realmOf(page);
  const before = await realmOf(page);
  expect(await fuzz(page, MESSAGES, SEED)).toEqual({ posted: MESSAGES, signOuts: 0 });
  expect(await realmOf(page)).toEqual(before);
  expect(before.rejections).toEqual([]);
  const after = await snapshotOf(page);
  expect([after.worker.id, after.session.state]).toEqual([worker.id, 'active']);
  expect(await page.evaluate(() => window.keeper.nudge())).toEqual({ ok: true, value: null });
  expect(await fetchOnce(page)).toBe(200);
  await expectSocket(page, 'open');
});

test('keeps the worker and the session intact when page script pollutes prototypes [polluted-prototypes]', async ({
  page,
  app,
}) => {
  await signIn(page, app.origin, 'password');
  const before = await realmOf(page);
  await page.evaluate(() => {
    const evil = 'http://127.0.0.1:9/';
    const names = ['issuer', 'url', 'origin', 'path', 'api', 'config', 'token_endpoint', 'redirect', 'seal', 'former'];
    for (const name of names)
      Reflect.defineProperty(Object.getPrototypeOf({}) as object, name, {
        value: evil,
        configurable: true,
        writable: true,
      });
  });
  const origins: string[] = [];
  page.context().on('request', (request) => origins.push(new URL(request.url()).origin));
  await page.evaluate(() => window.keeper.nudge());
  expect(await fetchOnce(page)).toBe(200);
  expect(
    await page.evaluate(() => window.keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })),
  ).toEqual({ ok: true, value: { type: 'signed-in' } });
  expect((await realmOf(page)).prototypes).toEqual(before.prototypes);
  expect(origins.filter((origin) => origin !== app.origin)).toEqual([]);
});

declare global {
  interface Window {
    /** All data that went through the functions that the hostile script replaced. */
    captured: string[];
  }
}

/** Replaces browser functions before any other script runs, and records all data between the page and its worker. */
const standBetween = (): void => {
  const captured: string[] = (window.captured = []);
  const text = (value: unknown): string => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
      return new TextDecoder('latin1').decode(value instanceof ArrayBuffer ? value : value.buffer);
    if (value instanceof CryptoKey) return 'CryptoKey';
    return typeof value === 'object' && value !== null ? Object.values(value).map(text).join(' ') : String(value);
  };
  const note = (value: unknown): void => void captured.push(text(value));
  const through = (proto: object, name: string): void => {
    const found = Object.getOwnPropertyDescriptor(proto, name);
    const original = found?.value as ((...args: unknown[]) => unknown) | undefined;
    if (!original) return;
    Object.defineProperty(proto, name, {
      ...found,
      value(this: unknown, ...args: unknown[]) {
        args.forEach(note);
        const answer = original.apply(this, args);
        if (answer instanceof Promise) answer.then(note, note);
        return answer;
      },
    });
  };
  for (const proto of [MessagePort, ServiceWorker, Worker, BroadcastChannel, Window].map((each) => each.prototype))
    through(proto, 'postMessage');
  for (const name of ['json', 'text', 'arrayBuffer']) through(Response.prototype, name);
  for (const name of ['get', 'getAll', 'put']) through(IDBObjectStore.prototype, name);
  for (const name of ['setItem', 'getItem']) through(Storage.prototype, name);
  for (const name of ['importKey', 'decrypt', 'encrypt', 'sign', 'exportKey']) through(SubtleCrypto.prototype, name);
  through(window, 'fetch');
  through(JSON, 'parse');
  through(JSON, 'stringify');
  const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
  Object.defineProperty(MessageEvent.prototype, 'data', {
    get(this: MessageEvent): unknown {
      const read: unknown = data?.get?.call(this);
      note(read);
      return read;
    },
  });
  const container = navigator.serviceWorker;
  container.addEventListener('message', (event: MessageEvent) => note(event.data));
  const proxied = new Proxy(container, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  Object.defineProperty(navigator, 'serviceWorker', { get: () => proxied });
};

test.describe('a script that replaces the page’s messaging functions', () => {
  let app: App;
  let tap: WireTap;
  test.beforeAll(async () => {
    tap = await openWireTap();
    app = await startApp({ env: tap.env });
  });
  test.afterAll(() => Promise.all([app.stop(), tap.remove()]));

  test('captures no token [replaced-globals]', async ({ page, context, complaints }) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    const lab = createFaultClient(app.origin);
    const secrets = collectSecrets(context, app.origin, tap);
    await context.addInitScript(standBetween);
    await page.goto(app.origin);
    await connectKeeper(page);
    await signInBy(page, DEMO);
    await expectSocket(page, 'open');
    await lab.expireTokens();
    expect(await fetchOnce(page)).toBe(200);
    await page.evaluate(() => window.keeper.fetch('/api/v1/auth/whoami').then((response) => response.json()));
    await page.evaluate(() => window.keeper.journal());
    await page.evaluate(() => window.keeper.signOut());
    await expectSession(page, 'signed-out');
    await secrets.gather();
    const captured = await page.evaluate(() => window.captured.join('\n'));
    expect(secrets.names()).toEqual(expect.arrayContaining(['access_token', 'refresh_token', 'seal', 'ticket']));
    expect(captured).toContain('signed-out');
    expect(captured).toContain('demo');
    expect(secrets.foundIn(captured)).toEqual([]);
  });
});
