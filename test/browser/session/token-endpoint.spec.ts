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

/** The next try comes within this. */
const HEALS_WITHIN_MS = 5_000;
/** It takes milliseconds; a machine may have other things to do. */
const HEALED_AFTER_TRY_MS = 15_000;
/** The longest that the worker waits for a token endpoint whose reuse grace it knows, and some. */
const GIVES_UP_WITHIN_MS = 15_000;

/**
 * `tries`: how often the worker asks by itself before the fault ends; none where the fault ends by itself. `kinds`: what
 * is judged by its status alone is judged in one place for both of them; odd-answers.spec.ts has both hear HTML.
 */
type Trouble = {
  name: string;
  fault: Omit<Fault, 'at'>;
  problem: ProblemCode;
  tries?: number;
  kinds: readonly (typeof TOKEN_KINDS)[number][];
  tag?: '@waits';
};

/** Backoff has reached its cap by then. */
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
    name: 'answers 403 [token-endpoint-403]',
    fault: { kind: 'status', status: 403 },
    problem: 'server-unavailable',
    tries: 1,
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

/** The problems of all degraded snapshots that the page was shown. */
const problemsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    window.seen.flatMap(({ session }) => (session.state === 'degraded' ? [session.problem.code] : [])),
  );

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

/** The session comes back by itself, and the next try that it has planned is near. */
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
      expect(await fetchOnce(page)).toBe('network error');
      await expect.poll(() => problemsOf(page), { timeout: GIVES_UP_WITHIN_MS }).toContain(problem);
      if (tries !== undefined) {
        const asked = (await lab.stats()).tokenRequests;
        const often = { timeout: MANY_WITHIN_MS };
        await expect.poll(async () => (await lab.stats()).tokenRequests, often).toBeGreaterThanOrEqual(asked + tries);
      }
      await lab.clear();
      await expectHealing(page);
      expect(await fetchOnce(page)).toBe(200);
      expect([...new Set(await problemsOf(page))]).toEqual([problem]);

      // Nothing was burned on the way: the next refresh is an ordinary one.
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
  test(`e. ${kind}: a reload while the token endpoint is down shows the page, not the login [reload-endpoint-down]`, async ({
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
  test(`e. ${kind}: a revoked session is signed out as rejected, in all tabs, and no page is lost [session-revoked]`, async ({
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
      // What was on the page is still there, behind the dialog.
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
    // Whoever signs in where the work was left has it back at once.
    await fillIn(page, kind);
    await expect(page.getByRole('dialog')).toBeHidden();
    await seesSignedIn(page);
    expect(await documentOf(page)).toBe(documents[0]);
    await seesSignedIn(other);
  });
}
