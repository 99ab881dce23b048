import { expectAll, expectSocket, heardMoreThan, HUB, listen, newTopic } from '../../support/page/channels.ts';
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

/** Each breaks the protocol, so that nothing which follows on that socket can be believed. */
const BROKEN: readonly (string | Buffer)[] = [
  'not json',
  '{}',
  '["ev",1,"e",2,null]',
  '["hello",{}]',
  Buffer.from([0xff, 0x00, 0xfe]),
];
/** Of a later version, or about something that nobody here asked for: passed over. */
const STRANGE: readonly string[] = [
  '["news-of-2030",{"a":1}]',
  '["ev","a topic nobody joined","e",1,null]',
  '["ok",999,"a topic nobody joined",{"epoch":"e","offset":1},true]',
  '["ack","an id nobody sent",1]',
  '["nak","an id nobody sent","too-big"]',
  '["q",1]',
];
const COUNT = 200;
/** Without a pause there would be some forty tries in this time; the backoff makes more than these as good as never. */
const LOOK_MS = 1_500;
const TRIES_MAX = 15;

test.describe('j. malformed frames', () => {
  for (const frame of BROKEN) {
    test(`${typeof frame === 'string' ? frame : 'binary'}: one redial, and nothing is lost [frame-malformed]`, async ({
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
      await heardMoreThan(page, topic, COUNT / 4);
      liar.inject(frame);
      await expect.poll(() => liar.opened).toBe(before + 1);
      await expectAll(page, topic, COUNT);
      expect(liar.opened).toBe(before + 1);
      expect((await snapshotOf(page)).session.state).toBe('active');
      expect(await fetchOnce(page)).toBe(200);
    });
  }

  test('frames of a later version, and answers to nobody, are passed over [frame-later-version]', async ({
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

  test('a server that says nonsense on every socket: no hot loop, a Problem, the session stays, and it heals [socket-nonsense]', async ({
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
    expect(liar.opened - before, 'tries are spread').toBeLessThanOrEqual(TRIES_MAX);
    await expect.poll(() => liar.opened - before, { timeout: 30_000 }).toBeGreaterThanOrEqual(5);
    expect((await snapshotOf(page)).session.state).toBe('active');
    expect(await fetchOnce(page)).toBe(200);
    liar.injectOnOpen(undefined);
    await expectSocket(page, 'open', 15_000);
    await expectSession(page, 'active');
  });
});
