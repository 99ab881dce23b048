import type { Page } from '@playwright/test';
import { socketPolicy } from '../../../src/core/socket/socket-types.ts';
import { EVENTS, expectSocket, HUB, listen, newTopic, numbersOf } from '../../support/page/channels.ts';
import { expect, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** A lost socket is back within this time. */
const BACK_WITHIN_MS = 2_000;
/** The connection of an idle tab is older than this. The loss of a younger one counts as a failed attempt. */
const { stableAfterMs: SETTLED_AFTER_MS } = socketPolicy(EVENTS);
const ACCESS_SECONDS = 20;
const TICKET_MINUTES = 5;

declare global {
  interface Window {
    idle: { longestWithoutSocketMs: number; loginPages: number };
  }
}

/** Records in the page how long it was without its socket, and whether a sign-in form showed. */
const watchIdle = (page: Page, url: string): Promise<void> =>
  page.evaluate((socket) => {
    window.idle = { longestWithoutSocketMs: 0, loginPages: 0 };
    let lostAt: number | undefined;
    window.keeper.subscribe(({ session, sockets }) => {
      if (session.state === 'signed-out') window.idle.loginPages += 1;
      const isOpen = sockets[socket]?.state === 'open';
      if (isOpen && lostAt !== undefined) {
        window.idle.longestWithoutSocketMs = Math.max(window.idle.longestWithoutSocketMs, performance.now() - lostAt);
      }
      lostAt = isOpen ? undefined : (lostAt ?? performance.now());
    });
    const look = (): void => {
      const form = document.querySelector('session-sign-in');
      if (form?.checkVisibility()) window.idle.loginPages += 1;
      requestAnimationFrame(look);
    };
    look();
  }, url);

const expectNoLoginPage = async (page: Page): Promise<void> =>
  expect((await page.evaluate(() => window.idle)).loginPages).toBe(0);

const expectBackInTime = async (page: Page): Promise<void> => {
  await expectNoLoginPage(page);
  expect((await page.evaluate(() => window.idle)).longestWithoutSocketMs).toBeLessThan(BACK_WITHIN_MS);
};

const expectSettled = (page: Page, url: string): Promise<void> =>
  expect
    .poll(
      async () => {
        const socket = (await snapshotOf(page)).sockets[url];
        return socket?.state === 'open' ? Date.now() - socket.since : 0;
      },
      { timeout: 4 * SETTLED_AFTER_MS },
    )
    .toBeGreaterThan(SETTLED_AFTER_MS);

/** Waits until the tokens were refreshed this many times more. */
const renewed = async (lab: FaultClient, times: number): Promise<void> => {
  const { refreshGrants } = await lab.stats();
  const done = async (): Promise<number> => (await lab.stats()).refreshGrants - refreshGrants;
  await expect
    .poll(done, { timeout: 2 * times * ACCESS_SECONDS * 1000, intervals: [500] })
    .toBeGreaterThanOrEqual(times);
};

test.describe('an idle tab', () => {
  for (const kind of TOKEN_KINDS) {
    test(
      `keeps its ${kind} session and its socket with access tokens of ${ACCESS_SECONDS} s [idle-tab]`,
      { tag: '@waits' },
      async ({ page, app, lab }) => {
        test.setTimeout(120_000);
        await lab.setLifetimes({ accessSeconds: ACCESS_SECONDS });
        await signIn(page, app.origin, kind);
        await expectSocket(page, 'open');
        const { socketsOpened } = await lab.stats();
        await watchIdle(page, HUB);
        await renewed(lab, kind === 'oidc' ? 2 : 1);
        // At most once: a loaded machine may miss one heartbeat.
        expect((await lab.stats()).socketsOpened - socketsOpened).toBeLessThanOrEqual(1);
        expect(await fetchOnce(page)).toBe(200);
        await expectNoLoginPage(page);
      },
    );
  }

  test(
    'reconnects with a new ticket in under 2 s when its socket or its worker dies',
    { tag: '@timed' },
    async ({ page, app, lab, complaints }) => {
      complaints.expect(FAILED_SOCKET);
      await signIn(page, app.origin, 'oidc');
      await expectSocket(page, 'open');
      await watchIdle(page, HUB);
      const topic = newTopic();
      await listen(page, topic);
      for (const lose of [() => lab.dropSockets(), () => lab.dropSockets(1012), () => killWorkers(page)]) {
        const { socketsOpened, ticketsMinted } = await lab.stats();
        await lose();
        await expect.poll(async () => (await lab.stats()).socketsOpened).toBe(socketsOpened + 1);
        expect((await lab.stats()).ticketsMinted).toBe(ticketsMinted + 1);
        await expectSocket(page, 'open');
      }
      await lab.publish({ topic, count: 1, everyMs: 0 });
      await expect.poll(() => numbersOf(page, topic)).toEqual([1]);
      await expectBackInTime(page);
    },
  );

  test(
    `reconnects an event stream after its ticket of ${TICKET_MINUTES} minutes has expired`,
    { tag: '@timed' },
    async ({ page, app, lab, complaints }) => {
      complaints.expect(FAILED_SOCKET);
      await signIn(page, app.origin, 'ticket');
      await page.evaluate((url) => {
        const socket = window.keeper.socket(url);
        return new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
      }, EVENTS);
      await expectSettled(page, EVENTS);
      await watchIdle(page, EVENTS);
      await lab.setClockSkew((TICKET_MINUTES + 1) * 60_000);
      const { ticketsMinted, ticketsUsed } = await lab.stats();
      // The event stream, and the hub's socket.
      expect(await lab.dropSockets()).toBe(2);
      await expect.poll(async () => (await lab.stats()).ticketsUsed).toBe(ticketsUsed + 2);
      expect((await lab.stats()).ticketsMinted).toBe(ticketsMinted + 2);
      await expectSocket(page, 'open', 10_000, EVENTS);
      await expectBackInTime(page);
      expect((await snapshotOf(page)).session.state).toBe('active');
      await expect(page.getByRole('heading', { name: 'You are signed in as Demo User.' })).toBeVisible();
    },
  );

  test(
    'shows no sign-in form while the ticket endpoint fails, and reconnects after that [ticket-endpoint-fails]',
    { tag: '@waits' },
    async ({ page, app, lab }) => {
      await signIn(page, app.origin, 'ticket');
      await expectSocket(page, 'open');
      await watchIdle(page, HUB);
      await lab.add({ at: 'ticket', kind: 'status', status: 401, times: 1 });
      await lab.add({ at: 'ticket', kind: 'status', status: 503, times: 1 });
      await lab.add({ at: 'ticket', kind: 'html', times: 1 });
      const { socketsOpened } = await lab.stats();
      await lab.dropSockets();
      await expect.poll(async () => (await lab.stats()).socketsOpened, { timeout: 30_000 }).toBe(socketsOpened + 1);
      await expectSocket(page, 'open');
      await expectNoLoginPage(page);
      expect((await snapshotOf(page)).session.state).toBe('active');
    },
  );
});
