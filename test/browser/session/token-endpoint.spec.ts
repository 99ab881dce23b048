import type { Page } from '@playwright/test';
import type { Fault } from '../../../server/base/faults.ts';
import type { ProblemCode } from '../../../src/protocol/problem.ts';
import { documentOf, watchDocument } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import {
  connectKeeper,
  expectSession,
  openKeeper,
  sessionStateOf,
  snapshotOf,
} from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { fillIn, seesSignedIn, SIGN_IN_KINDS, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** The next attempt comes within this time. */
const HEALS_WITHIN_MS = 5_000;
/** It takes milliseconds. The rest is for a loaded machine. */
const HEALED_AFTER_TRY_MS = 15_000;
/** Longer than the worker waits for a token endpoint with a known reuse grace. */
const GIVES_UP_WITHIN_MS = 15_000;

/**
 * `tries`: attempts of the worker before the test ends the fault; absent when the fault ends by itself. `kinds`: one code
 * path judges a status for both kinds, so one kind is enough there. odd-answers.spec.ts has HTML for both.
 */
type Trouble = {
  name: string;
  fault: Omit<Fault, 'at'>;
  problem: ProblemCode;
  tries?: number;
  kinds: readonly (typeof TOKEN_KINDS)[number][];
  tag?: '@waits';
};

/** After this time the backoff has reached its cap. */
const MANY = 7;
const MANY_WITHIN_MS = 30_000;
const BOTH = TOKEN_KINDS;

const TROUBLES: readonly Trouble[] = [
  {
    name: 'drops the connection [token-endpoint-reset]',
    fault: { kind: 'reset' },
    problem: 'network-unreachable',
    tries: 1,
    kinds: BOTH,
  },
  {
    name: 'answers 503 [token-endpoint-503]',
    fault: { kind: 'status', status: 503 },
    problem: 'server-unavailable',
    tries: MANY,
    kinds: ['password'],
    tag: '@waits',
  },
  {
    name: 'answers 429 with Retry-After [token-endpoint-429]',
    fault: { kind: 'status', status: 429, retryAfter: 2 },
    problem: 'rate-limited',
    tries: 1,
    kinds: BOTH,
  },
  {
    // From the second one in a row on, a refusal makes it ask twice a minute at most (dead-sessions.test.ts).
    name: 'answers 403 once [token-endpoint-403]',
    fault: { kind: 'status', status: 403, times: 1 },
    problem: 'server-unavailable',
    kinds: ['oidc'],
  },
  {
    name: 'answers 200 with HTML [token-endpoint-html]',
    fault: { kind: 'html' },
    problem: 'unexpected-answer',
    tries: 1,
    kinds: ['password'],
  },
  {
    name: 'hangs for 30 s [token-endpoint-hang]',
    fault: { kind: 'hang', ms: 30_000, times: 1 },
    problem: 'timeout',
    kinds: BOTH,
    tag: '@waits',
  },
  {
    name: 'loses its answers after rotation [token-endpoint-answer-lost]',
    fault: { kind: 'lost' },
    problem: 'network-unreachable',
    tries: 1,
    kinds: BOTH,
  },
];

/** The problems of all degraded snapshots that the page received. */
const problemsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    window.seen.flatMap(({ session }) => (session.state === 'degraded' ? [session.problem.code] : [])),
  );

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

/** Expects that the session recovers by itself, with a next attempt soon. */
const expectHealing = async (page: Page): Promise<void> => {
  const wait = await page.evaluate(() => {
    const { session } = window.keeper.snapshot;
    return session.state === 'degraded' ? (session.nextTryAt ?? 0) - Date.now() : 0;
  });
  expect(wait).toBeLessThan(HEALS_WITHIN_MS);
  await expectSession(page, 'active', wait + HEALED_AFTER_TRY_MS);
};

for (const { name, fault, problem, tries, kinds, tag } of TROUBLES) {
  for (const kind of kinds) {
    const details = tag === undefined ? {} : { tag };
    test(`${kind}: keeps the session when the token endpoint ${name}`, details, async ({ page, app, lab }) => {
      await signIn(page, app.origin, kind);
      const document = await watchDocument(page);
      const before = await lab.stats();
      await lab.add({ at: 'token', ...fault });
      await lab.expireTokens();
      // It waits for the session. Trouble that is longer than its patience may fail it.
      const waiting = fetchOnce(page);
      await expect.poll(() => problemsOf(page), { timeout: GIVES_UP_WITHIN_MS }).toContain(problem);
      if (tries !== undefined) {
        const requests = (await lab.stats()).tokenRequests;
        const often = { timeout: MANY_WITHIN_MS };
        await expect
          .poll(async () => (await lab.stats()).tokenRequests, often)
          .toBeGreaterThanOrEqual(requests + tries);
      }
      await lab.clear();
      await expectHealing(page);
      const outcome = await waiting;
      expect(tries === 1 ? outcome : 200).toBe(200);
      expect(await fetchOnce(page)).toBe(200);
      expect([...new Set(await problemsOf(page))]).toEqual([problem]);

      // The refresh token still works: the next refresh is an ordinary one.
      const healed = await lab.stats();
      expect(healed.refreshGrants).toBeGreaterThan(before.refreshGrants);
      await lab.expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      expect((await lab.stats()).refreshGrants).toBe(healed.refreshGrants + 1);
      await document.expect();
    });
  }
}

for (const kind of TOKEN_KINDS) {
  test(`${kind}: shows the page and no sign-in form after a reload while the token endpoint is down [reload-endpoint-down]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    await lab.add({ at: 'token', kind: 'status', status: 503 });
    await lab.expireTokens();
    await killWorkers(page);
    await page.reload();
    await seesSignedIn(page);
    await connectKeeper(page);
    await expect.poll(() => sessionStateOf(page)).toBe('degraded');
    await seesSignedIn(page);
    await lab.clear();
    await expectHealing(page);
    expect(await fetchOnce(page)).toBe(200);
  });
}

for (const kind of SIGN_IN_KINDS) {
  test(`${kind}: signs out in all tabs and keeps their pages when the server revokes the session [session-revoked]`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const others = [await context.newPage(), await context.newPage()];
    for (const tab of others) await openKeeper(tab, app.origin);
    const tabs = [page, ...others];
    const documents = await Promise.all(tabs.map(documentOf));

    await lab.revokeSessions();
    for (const tab of tabs) {
      await expect.poll(() => sessionStateOf(tab)).toBe('signed-out');
      const { session } = await snapshotOf(tab);
      expect(session).toMatchObject({ state: 'signed-out', reason: 'rejected', kind });
      await expect(tab.getByRole('dialog', { name: 'Sign in again' })).toBeVisible();
      await expect(tab.getByRole('region', { name: 'Sign in' })).toContainText('The server ended your session.');
      // The content of the page is still there, behind the dialog.
      await expect(tab.locator('session-summary')).toBeVisible();
    }
    expect(await Promise.all(tabs.map(documentOf))).toEqual(documents);
    expect(await fetchOnce(page)).toBe(401);

    const [, other] = tabs;
    if (!other) throw new Error('There is no other tab.');
    await other.reload();
    await connectKeeper(other);
    expect((await snapshotOf(other)).session).toMatchObject({ state: 'signed-out', reason: 'rejected' });
    if (kind === 'oidc') return;
    // After a sign-in in the dialog the user continues at once.
    await fillIn(page, kind);
    await expect(page.getByRole('dialog')).toBeHidden();
    await seesSignedIn(page);
    expect(await documentOf(page)).toBe(documents[0]);
    await seesSignedIn(other);
  });
}
