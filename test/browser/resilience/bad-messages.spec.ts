import type { Page } from '@playwright/test';
import { expectAll, expectSocket, listen, newTopic } from '../../support/page/channels.ts';
import { expect, test } from '../../support/e2e.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

/** Expects the same session, socket and worker as before. */
const expectUnharmed = async (page: Page, workerId: string): Promise<void> => {
  const { session, worker } = await snapshotOf(page);
  expect(session.state).toBe('active');
  expect(worker.id).toBe(workerId);
  expect(await fetchOnce(page)).toBe(200);
  await expectSocket(page, 'open');
};

type Answer = { mark?: string; message?: { id: string; value: unknown } };

test.describe('malformed messages to the worker', () => {
  test.beforeEach(async ({ page, app }) => {
    await signIn(page, app.origin, 'password');
    await expectSocket(page, 'open');
  });

  test('ignores messages outside the protocol [message-not-protocol]', async ({ page }) => {
    const { worker } = await snapshotOf(page);
    await page.evaluate(() => {
      const mark = 'session-keeper';
      const cyclic: Record<string, unknown> = { mark, type: 'attach' };
      cyclic['intro'] = cyclic;
      const intro = { protocol: 1, tab: 't', arrival: 'navigate', visible: true, topics: [] };
      const junk: unknown[] = [
        null,
        '',
        7,
        [],
        new Map([['mark', mark]]),
        new Blob(['x']),
        { mark },
        { mark, type: 'nothing' },
        { mark, type: 'call' },
        { mark, type: 'call', message: null },
        { mark, type: 'call', message: { id: 7 } },
        { mark, type: 'attach' },
        { mark, type: 'attach', intro },
        { mark, type: 'attach', intro: { ...intro, protocol: '1' } },
        { mark, type: 'attach', intro: { ...intro, topics: 'all' } },
        { mark, type: 'attach', intro: { ...intro, topics: [['x'.repeat(300), null]] } },
        { mark, type: 'attach', intro: { ...intro, tab: '' } },
        { mark: 'another-library', type: 'attach', intro },
        { type: 'call', message: { id: 'x', type: 'APPLY', path: ['signOut'], argumentList: [] } },
        cyclic,
      ];
      for (const message of junk) navigator.serviceWorker.controller?.postMessage(message);
    });
    await expectUnharmed(page, worker.id);
  });

  test('returns a Problem for a call outside the interface [message-unknown-method]', async ({ page }) => {
    const { worker } = await snapshotOf(page);
    const answers = await page.evaluate(async () => {
      const mark = 'session-keeper';
      const raw = (value: unknown) => ({ type: 'RAW', value });
      const deep = (depth: number): unknown => (depth === 0 ? 'end' : { next: deep(depth - 1) });
      const call = { type: 'APPLY', path: ['signOut'], argumentList: [] };
      const calls: Record<string, object> = {
        constructor: { ...call, path: ['constructor'] },
        'code by a constructor': {
          ...call,
          path: ['signOut', 'constructor'],
          argumentList: [raw('self.pwned = true')],
        },
        prototype: { ...call, path: ['__proto__'] },
        'another method': { ...call, path: ['settled'] },
        'no path': { ...call, path: [] },
        get: { type: 'GET', path: ['snapshot'] },
        set: { type: 'SET', path: ['signOut'], value: raw('x') },
        construct: { type: 'CONSTRUCT', path: ['signIn'], argumentList: [] },
        endpoint: { type: 'ENDPOINT' },
        release: { type: 'RELEASE' },
        'argument with a handler': {
          ...call,
          path: ['nudge'],
          argumentList: [{ type: 'HANDLER', name: 'proxy', value: {} }],
        },
        'argument that is a map': { ...call, path: ['signIn'], argumentList: [raw(new Map())] },
        'argument with a prototype': {
          ...call,
          path: ['signIn'],
          argumentList: [raw(JSON.parse('{"__proto__":{"kind":"oidc"}}'))],
        },
        'argument too deep': { ...call, path: ['signIn'], argumentList: [raw(deep(20))] },
        'argument too long': { ...call, path: ['restore'], argumentList: [raw('x'.repeat(300_000))] },
        'too many arguments': { ...call, argumentList: Array.from({ length: 5 }, () => raw(1)) },
      };
      const callWith = (id: string, message: object): Promise<unknown> =>
        new Promise((resolve) => {
          navigator.serviceWorker.addEventListener('message', function onAnswer({ data }: MessageEvent<Answer>) {
            if (data.mark !== mark || data.message?.id !== id) return;
            navigator.serviceWorker.removeEventListener('message', onAnswer);
            resolve(data.message.value);
          });
          navigator.serviceWorker.controller?.postMessage({ mark, type: 'call', message: { id, ...message } });
        });
      const given: Record<string, unknown> = {};
      for (const [name, message] of Object.entries(calls)) given[name] = await callWith(`test-${name}`, message);
      return given;
    });
    for (const [name, answer] of Object.entries(answers)) {
      const code = ['argument too deep', 'argument too long'].includes(name) ? 'over-limit' : 'bad-message';
      expect(answer, name).toMatchObject({ ok: false, problem: { code } });
    }
    const pwned = await Promise.all(
      page
        .context()
        .serviceWorkers()
        .map((each) => each.evaluate(() => 'pwned' in self)),
    );
    expect(pwned).toEqual([false]);
    await expectUnharmed(page, worker.id);
  });

  test('returns a Problem for arguments of a wrong type [message-bad-arguments]', async ({ page }) => {
    const { worker } = await snapshotOf(page);
    const problems = await page.evaluate(async () => {
      const { keeper } = window;
      const untyped = keeper as unknown as Record<'signIn' | 'nudge', (value: unknown) => Promise<unknown>>;
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      const { publish } = keeper.channel('bad');
      return Promise.all([
        untyped.signIn({ kind: 'smoke' }),
        untyped.signIn({ kind: 'password', username: { $gt: '' }, password: ['demo'] }),
        untyped.signIn({ kind: 'ticket', apiKey: 'x'.repeat(10_000) }),
        untyped.signIn('password'),
        untyped.nudge({ cause: 'user' }),
        publish(() => 'not data'),
        publish(cyclic),
        publish(new Map([['a', 1]])),
        keeper.channel('x'.repeat(300)).publish('topic too long'),
      ]);
    });
    const refused = { ok: false, problem: { code: 'bad-message' } };
    // A cycle has no end, so it exceeds the depth. A topic exceeds its length.
    const overLimit = { ok: false, problem: { code: 'over-limit' } };
    expect(problems).toMatchObject([...Array.from({ length: 6 }, () => refused), overLimit, refused, overLimit]);
    await expectUnharmed(page, worker.id);
  });

  test('serves the other tabs when a tab sends nonsense on its port [port-nonsense]', async ({ page, lab }) => {
    const { worker } = await snapshotOf(page);
    const topic = newTopic();
    await listen(page, topic);
    const welcome = await page.evaluate(async () => {
      const { port1, port2 } = new MessageChannel();
      const intro = { protocol: 1, tab: 'nonsense', arrival: 'navigate', visible: true, topics: [] };
      const first = new Promise<string>((resolve) => {
        port1.onmessage = ({ data: [first] }: MessageEvent<readonly { type: string }[]>) =>
          resolve(first?.type ?? 'nothing');
      });
      navigator.serviceWorker.controller?.postMessage({ mark: 'session-keeper', type: 'attach', intro }, [port2]);
      const type = await first;
      const said: unknown[] = [
        null,
        'hello',
        [],
        { type: 'join' },
        { type: 'join', topic: 7, cursor: null },
        { type: 'join', topic: 'x', cursor: { epoch: 1, offset: -1 } },
        { type: 'socket-open', socket: 's', url: 'http://[', protocols: [] },
        { type: 'socket-open', socket: 's', url: 'ws://localhost:1/', protocols: ['bad protocol'] },
        { type: 'socket-send', socket: 'unknown', data: 'x' },
        { type: 'socket-send', socket: 's', data: { not: 'data' } },
        { type: 'socket-close', socket: 's', code: 1, reason: 'x'.repeat(1_000) },
        { type: 'visible' },
        { type: 'leave', topic: 'never joined' },
      ];
      for (const message of said) port1.postMessage(message);
      return type;
    });
    expect(welcome).toBe('welcome');
    await lab.publish({ topic, count: 50, everyMs: 1 });
    await expectAll(page, topic, 50);
    await expectUnharmed(page, worker.id);
  });
});
