import type { BrowserContext, Page } from '@playwright/test';
import { launchBrowser } from '../../support/browser/crashes.ts';
import { DEMO_ACCOUNT, type Account } from '../../../server/auth/accounts.ts';
import { changeAnswers, type Answers } from '../../support/page/answers.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { startDeployment, type Deployment } from '../../support/server/deployment.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test as base } from '../../support/e2e.ts';
import { DEMO, expectSession, openKeeper, signInBy, snapshotOf } from '../../support/page/keeper-page.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const OTHER_ACCOUNT: Account = { username: 'other', password: 'other', name: 'Other User', apiKey: 'other-key' };
const OTHER = { kind: 'password', username: 'other', password: 'other' } as const;
const NOTES = '/api/v1/notes';
/** Data of the previous user, which no other user may see. */
const SECRET = 'the diary of demo';

type Lent = { site: Deployment; answers: Answers };

const test = base.extend<Lent>({
  site: async ({ complaints }, use) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    const site = await startDeployment({ accounts: [DEMO_ACCOUNT, OTHER_ACCOUNT] });
    await use(site);
    await site.stop();
  },
  answers: async ({}, use) => {
    const answers = changeAnswers();
    await use(answers);
    answers.restore();
  },
});

const signInAs = (page: Page, intent: typeof DEMO | typeof OTHER): Promise<void> => signInBy(page, intent);

const signOut = async (page: Page): Promise<void> => {
  expect(await page.evaluate(() => window.keeper.signOut())).toEqual({ ok: true, value: null });
};

/** A page that does not reload for another user, like a page without the library's elements. */
const openPlain = async (page: Page, site: Deployment): Promise<void> => {
  await openKeeper(page, site.origin);
  await page.evaluate(() => document.addEventListener('session-user-changed', (event) => event.preventDefault()));
};

const writeNote = (page: Page): Promise<number> =>
  page.evaluate(
    async ([url, text]) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ text }) })).status;
    },
    [NOTES, SECRET] as const,
  );

/** What plain page script can read in a browser that prefers its cache. */
const readNotes = (page: Page, cache: RequestCache = 'default'): Promise<string> =>
  page.evaluate(
    async ([url, mode]) => {
      try {
        return await (await fetch(url, { cache: mode })).text();
      } catch {
        return 'network error';
      }
    },
    [NOTES, cache] as const,
  );

declare global {
  interface Window {
    /** Resolves with the result of a request that started under the previous user. */
    late: Promise<string>;
  }
}

const fetchLate = (page: Page): Promise<void> =>
  page.evaluate((url) => {
    window.late = fetch(url).then(
      (response) => response.text(),
      () => 'network error',
    );
  }, NOTES);

/** Shows the secret on the page, as an app does with its data. Records each moment at which another user can see it. */
const showSecret = (page: Page): Promise<void> =>
  page.evaluate((secret) => {
    const element = document.createElement('p');
    element.textContent = secret;
    document.querySelector('session-gate [slot=signed-in]')?.append(element);
    const look = (): void => {
      const { session } = window.keeper.snapshot;
      const mine = session.state === 'starting' || ('user' in session && session.user?.sub === 'demo');
      if (!mine && element.checkVisibility({ visibilityProperty: true }))
        sessionStorage.setItem('seen', `${session.state} ${JSON.stringify(session)}`);
      requestAnimationFrame(look);
    };
    look();
  }, SECRET);

const expectUnseen = async (page: Page): Promise<void> => {
  expect(await page.evaluate(() => sessionStorage.getItem('seen'))).toBeNull();
  await expect(page.getByText(SECRET)).toHaveCount(0);
};

/** Why the browser loaded a page again instead of taking it from its back-forward cache. Empty when it did not. */
const reloadReasons = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    type Entry = { notRestoredReasons?: { reasons?: readonly { reason: string }[] | null } | null };
    const [entry] = performance.getEntriesByType('navigation') as unknown as readonly Entry[];
    return (entry?.notRestoredReasons?.reasons ?? []).map(({ reason }) => reason);
  });

const greets = (page: Page): Promise<void> =>
  expect(page.getByRole('heading', { name: /Other User/ })).toBeVisible({ timeout: 20_000 });

for (const between of ['signs in over the session', 'signs in after a sign-out'] as const) {
  test(`shows no data of the previous user in any tab when the next user ${between}`, async ({
    page,
    context,
    site,
  }) => {
    await openKeeper(page, site.origin);
    await signInAs(page, DEMO);
    const other = await context.newPage();
    await openKeeper(other, site.origin);
    await expectSession(other, 'active');
    for (const tab of [page, other]) {
      await expect.poll(async () => (await snapshotOf(tab)).session).toMatchObject({ user: { sub: 'demo' } });
      await showSecret(tab);
      await expect(tab.getByText(SECRET)).toBeVisible();
    }
    const documents = await Promise.all([page, other].map((tab) => tab.evaluate(() => performance.timeOrigin)));
    if (between === 'signs in after a sign-out') await signOut(page);
    await page.evaluate((intent) => void window.keeper.signIn(intent), OTHER);
    for (const tab of [page, other]) {
      await greets(tab);
      await expectUnseen(tab);
    }
    const now = await Promise.all([page, other].map((tab) => tab.evaluate(() => performance.timeOrigin)));
    expect(now.every((time, index) => time !== documents[index])).toBe(true);
  });
}

for (const [name, leave] of [
  ['after a sign-out', signOut],
  ['when the next user signs in over the session', (page: Page) => signInAs(page, OTHER)],
] as const) {
  test(`delivers no late answer to the next user ${name}`, async ({ page, site, answers }) => {
    await openPlain(page, site);
    await signInAs(page, DEMO);
    expect(await writeNote(page)).toBe(201);
    expect(await readNotes(page)).toContain(SECRET);
    const held = answers.hold(NOTES);
    await fetchLate(page);
    await held.made;
    await leave(page);
    held.release();
    expect(await page.evaluate(() => window.late)).toBe('network error');
  });
}

test('sends no waiting request of the previous user with the token of the next', async ({ page, site }) => {
  await openPlain(page, site);
  await signInAs(page, DEMO);
  await site.faults.add({ at: 'token', kind: 'slow', ms: 5_000, times: 1 });
  await site.faults.expireTokens();
  const waiting = page.evaluate(
    async ([url, text]) => {
      const headers = { 'content-type': 'application/json' };
      try {
        return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ text }) })).status;
      } catch {
        return 'network error';
      }
    },
    [NOTES, SECRET] as const,
  );
  await expectSession(page, 'refreshing');
  await signInAs(page, OTHER);
  expect(await waiting).toBe('network error');
  expect(await readNotes(page)).not.toContain(SECRET);
});

test('serves no cached answer of the previous user, online or offline', async ({ page, context, site, answers }) => {
  answers.cacheable(NOTES);
  await openPlain(page, site);
  await signInAs(page, DEMO);
  expect(await writeNote(page)).toBe(201);
  expect(await readNotes(page)).toContain(SECRET);
  // The control: the browser has cached it, and the same user gets it without the server.
  await site.faults.clearLog();
  expect(await readNotes(page)).toContain(SECRET);
  expect((await site.faults.log()).filter(({ path }) => path === NOTES)).toEqual([]);
  await signOut(page);
  for (const mode of ['default', 'force-cache'] as const) expect(await readNotes(page, mode)).not.toContain(SECRET);
  await context.setOffline(true);
  for (const mode of ['default', 'force-cache'] as const) expect(await readNotes(page, mode)).toBe('network error');
  await killWorkers(page);
  expect(await readNotes(page, 'force-cache')).toBe('network error');
  await context.setOffline(false);
  await signInAs(page, OTHER);
  for (const mode of ['default', 'force-cache'] as const) {
    const notes = await readNotes(page, mode);
    expect(notes).toContain('"notes"');
    expect(notes).not.toContain(SECRET);
  }
});

test('stores no user data in the Cache API', async ({ page, site }) => {
  await openKeeper(page, site.origin);
  await signInAs(page, DEMO);
  expect(await writeNote(page)).toBe(201);
  expect(await readNotes(page)).toContain(SECRET);
  const kept = await page.evaluate(async () => {
    const texts: string[] = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys())
        texts.push(`${request.url} ${await (await cache.match(request))?.text()}`);
    }
    return texts;
  });
  expect(kept.length).toBeGreaterThan(0);
  for (const text of kept) {
    expect(text).not.toContain(SECRET);
    expect(text.split(' ')[0]).not.toContain('/api/');
  }
});

test.describe('a tab in the back-forward cache', () => {
  /** Playwright disables that cache. */
  const withCache = async (use: (context: BrowserContext) => Promise<void>): Promise<void> => {
    const ignoreDefaultArgs = ['--disable-back-forward-cache'];
    const browser = await launchBrowser({ ...launchOptions(), ignoreDefaultArgs });
    try {
      await use(await browser.newContext());
    } finally {
      await browser.close();
    }
  };

  for (const server of ['does not know of the sign-out', 'clears the browser’s cache'] as const) {
    test(`shows no data of the previous user when the server ${server}`, async ({ site, answers }) => {
      const kept = server === 'does not know of the sign-out';
      const held = kept ? answers.hold('/api/v1/auth/logout') : undefined;
      await withCache(async (context) => {
        const page = await context.newPage();
        await openKeeper(page, site.origin);
        await signInAs(page, DEMO);
        await expect.poll(async () => (await snapshotOf(page)).session).toMatchObject({ user: { sub: 'demo' } });
        await showSecret(page);
        await expect(page.getByText(SECRET)).toBeVisible();
        await page.evaluate(() => {
          addEventListener('pageshow', ({ persisted }) => {
            sessionStorage.setItem('restored', String(persisted));
            const secret = document.querySelector('session-gate [slot=signed-in] > p:last-child');
            if (secret?.checkVisibility({ visibilityProperty: true }) !== false)
              sessionStorage.setItem('seen', 'at once');
          });
        });
        await page.goto(`${site.origin}/favicon.svg`);
        const elsewhere = await context.newPage();
        await openKeeper(elsewhere, site.origin);
        await signOut(elsewhere);
        await elsewhere.evaluate((intent) => void window.keeper.signIn(intent), OTHER);
        await greets(elsewhere);
        // A page from the cache has no `load` event.
        await page.goBack({ waitUntil: 'commit' });
        await greets(page);
        await expectUnseen(page);
        expect(await page.evaluate(() => sessionStorage.getItem('restored'))).toBe(kept ? 'true' : null);
      });
      held?.release();
    });
  }

  test('comes back unchanged for the same user', async ({ site }) => {
    await withCache(async (context) => {
      const page = await context.newPage();
      await openKeeper(page, site.origin);
      await signInAs(page, DEMO);
      await expect.poll(async () => (await snapshotOf(page)).session).toMatchObject({ user: { sub: 'demo' } });
      await showSecret(page);
      await expect(page.getByText(SECRET)).toBeVisible();
      const document = await page.evaluate(() => performance.timeOrigin);
      await page.goto(`${site.origin}/favicon.svg`);
      await page.goBack({ waitUntil: 'commit' });
      expect(await reloadReasons(page)).toEqual([]);
      await expect(page.getByText(SECRET)).toBeVisible();
      expect(await page.evaluate(() => performance.timeOrigin)).toBe(document);
      expect(await page.evaluate(() => sessionStorage.getItem('seen'))).toBeNull();
    });
  });
});
