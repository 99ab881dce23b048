import { expectAll, expectSocket, expectMoreThan, HUB, listen, newTopic } from '../../support/page/channels.ts';
import { expect, test as base } from '../../support/e2e.ts';
import { startFrameProxy, type FrameProxy } from '../../support/server/frame-proxy.ts';
import { expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn } from '../../support/page/sign-in.ts';

const test = base.extend<{ liar: FrameProxy }>({
  liar: async ({ app }, use) => {
    const liar = await startFrameProxy(app.origin);
    await use(liar);
    await liar.close();
  },
});

/** Each breaks the protocol, so the worker cannot trust any later frame of that socket. */
const BROKEN: readonly (string | Buffer)[] = [
  'not json',
  '{}',
  '["ev",1,"e",2,null]',
  '["hello",{}]',
  Buffer.from([0xff, 0x00, 0xfe]),
];
/** Frames of a later version, or answers without a request. The worker ignores them. */
const STRANGE: readonly string[] = [
  '["news-of-2030",{"a":1}]',
  '["ev","an unknown topic","e",1,null]',
  '["ok",999,"an unknown topic",{"epoch":"e","offset":1},true]',
  '["ack","an unknown id",1]',
  '["nak","an unknown id","too-big"]',
  '["q",1]',
];
const COUNT = 200;
/** Without backoff there would be about forty attempts in this time. With it, more than these are very unlikely. */
const LOOK_MS = 1_500;
const TRIES_MAX = 15;

test.describe('malformed frames', () => {
  for (const frame of BROKEN) {
    test(`reconnects once and loses nothing when the server sends ${typeof frame === 'string' ? frame : 'binary data'} [frame-malformed]`, async ({
      page,
      liar,
      lab,
    }) => {
      const topic = newTopic();
      await signIn(page, liar.origin, 'password');
      await expectSocket(page, 'open');
      await listen(page, topic);
      const before = liar.opened;
      await lab.publish({ topic, count: COUNT, everyMs: 2 });
      await expectMoreThan(page, topic, COUNT / 4);
      liar.inject(frame);
      await expect.poll(() => liar.opened).toBe(before + 1);
      await expectAll(page, topic, COUNT);
      expect(liar.opened).toBe(before + 1);
      expect((await snapshotOf(page)).session.state).toBe('active');
      expect(await fetchOnce(page)).toBe(200);
    });
  }

  test('ignores frames of a later version and answers without a request [frame-later-version]', async ({
    page,
    liar,
    lab,
  }) => {
    const topic = newTopic();
    await signIn(page, liar.origin, 'password');
    await expectSocket(page, 'open');
    await listen(page, topic);
    const before = liar.opened;
    await lab.publish({ topic, count: COUNT, everyMs: 2 });
    for (const frame of STRANGE) liar.inject(frame);
    await expectAll(page, topic, COUNT);
    expect(liar.opened).toBe(before);
  });

  test('backs off, shows a Problem and keeps the session when each socket sends nonsense [socket-nonsense]', async ({
    page,
    liar,
    lab,
  }) => {
    await signIn(page, liar.origin, 'password');
    await expectSocket(page, 'open');
    liar.injectOnOpen('nonsense');
    const before = liar.opened;
    const startedAt = performance.now();
    await lab.dropSockets();
    await expect
      .poll(async () => (await snapshotOf(page)).sockets[HUB]?.problem)
      .toMatchObject({ code: 'unexpected-answer', at: HUB });
    await expect.poll(() => performance.now() - startedAt).toBeGreaterThan(LOOK_MS);
    expect(liar.opened - before, 'attempts are spread').toBeLessThanOrEqual(TRIES_MAX);
    await expect.poll(() => liar.opened - before, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
    expect((await snapshotOf(page)).session.state).toBe('active');
    expect(await fetchOnce(page)).toBe(200);
    liar.injectOnOpen(undefined);
    await expectSocket(page, 'open', 15_000);
    await expectSession(page, 'active');
  });
});
