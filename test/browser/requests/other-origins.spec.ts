import type { Page } from '@playwright/test';
import type { LogEntry } from '../../../server/auth/request-log.ts';
import { startApp, type App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { openKeeper } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn, SIGN_IN_KINDS } from '../../support/page/sign-in.ts';
import { startOtherOriginSite, type OtherOriginSite } from '../../support/sites/other-origin-site.ts';

const entryOf = async (lab: FaultClient, method: string, path: string): Promise<LogEntry> => {
  const found = async (): Promise<LogEntry | undefined> =>
    (await lab.log()).find((entry) => entry.method === method && entry.path === path);
  await expect.poll(found).toBeDefined();
  const entry = await found();
  if (!entry) throw new Error(`no ${method} ${path}`);
  return entry;
};

const attack = (target: string): string => `<!doctype html>
  <a href="${target}/api/v1/llm/models">link</a>
  <form method="post" action="${target}/api/v1/notes"><input name="text" value="forged"><button>send</button></form>
  <iframe src="${target}/api/v1/llm/models"></iframe>`;

const arriveBare = async (page: Page, lab: FaultClient, origin: string, site: string): Promise<void> => {
  const otherSite = await startOtherOriginSite(() => attack(origin));
  try {
    await lab.clearLog();
    await page.goto(otherSite.origin);
    await page.getByRole('link', { name: 'link' }).click();
    await page.waitForURL(`${origin}/api/v1/llm/models`);
    expect(await entryOf(lab, 'GET', '/api/v1/llm/models')).toMatchObject({
      secFetchSite: site,
      secFetchMode: 'navigate',
    });
    await page.goto(otherSite.origin);
    await page.getByRole('button', { name: 'send' }).click();
    await page.waitForURL(`${origin}/api/v1/notes`);
    expect(await entryOf(lab, 'POST', '/api/v1/notes')).toMatchObject({ secFetchSite: site, secFetchMode: 'navigate' });
    const forged = (await lab.log()).filter(({ secFetchDest }) => ['document', 'iframe'].includes(secFetchDest ?? ''));
    expect(forged.map(({ path }) => path)).toEqual([
      '/api/v1/llm/models',
      '/api/v1/llm/models',
      '/api/v1/llm/models',
      '/api/v1/notes',
    ]);
    for (const { auth } of forged) expect(['none', 'cookie']).toContain(auth);
    expect([401, 403]).toContain(forged.at(-1)?.status);
  } finally {
    await otherSite.close();
  }
};

test.beforeEach(({ complaints }) =>
  complaints.expect(FAILED_REQUEST, /X-Frame-Options|frame-ancestors|Refused to (display|frame)/),
);

test.describe('from another origin', () => {
  for (const kind of SIGN_IN_KINDS) {
    test(`${kind}: sends a form or a link to /api/… without authorization [cross-site-form]`, async ({
      page,
      app,
      lab,
    }) => {
      await signIn(page, app.origin, kind);
      const attacker = await page.context().newPage();
      // 127.0.0.1 and localhost are two sites.
      await arriveBare(attacker, lab, app.origin, 'cross-site');
      const notes = await page.evaluate(async () => (await fetch('/api/v1/notes')).text());
      expect(notes).not.toContain('forged');
    });
  }

  test('sends a form or a link of the same origin without authorization [same-origin-form]', async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, 'oidc');
    await lab.clearLog();
    await page.evaluate(() => {
      const form = document.createElement('form');
      form.method = 'post';
      form.action = '/api/v1/notes';
      document.body.append(form);
      form.submit();
    });
    await page.waitForURL(`${app.origin}/api/v1/notes`);
    expect(await entryOf(lab, 'POST', '/api/v1/notes')).toMatchObject({
      auth: 'none',
      secFetchSite: 'same-origin',
      status: 401,
    });
  });
});

/**
 * Two free ports where one looks like the other, such as 4173 and 41730. From 4200 to 4999 browsers block no port
 * (https://fetch.spec.whatwg.org/#port-blocking).
 */
const lookAlike = async (): Promise<{ app: App; otherSite: OtherOriginSite }> => {
  for (let tries = 0; tries < 20; tries += 1) {
    const port = 4_200 + 2 * Math.floor(Math.random() * 400);
    const otherSite = await startOtherOriginSite(() => '{}', port * 10).catch(() => undefined);
    if (!otherSite) continue;
    const app = await startApp({ port }).catch(() => undefined);
    if (app) return { app, otherSite };
    await otherSite.close();
  }
  throw new Error('no ports that look alike');
};

test.describe('without the policy that would stop the request before the worker sees it', () => {
  test.use({ bypassCSP: true });

  test('sends no token to a look-alike origin (:41730 for :4173) [look-alike-origin]', async ({ page }) => {
    const { app, otherSite } = await lookAlike();
    try {
      await signIn(page, app.origin, 'oidc');
      await openKeeper(page, app.origin);
      expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${app.origin}/sw.js`);
      expect(await fetchOnce(page)).toBe(200);
      const { port } = new URL(otherSite.origin);
      const origins = ['localhost', '127.0.0.1'].map((name) => `http://${name}:${port}`);
      const paths = ['/api/', '/api/v1/llm/models', '/api/../api/v1/auth/whoami'];
      const urls = [
        ...origins.flatMap((origin) => paths.map((path) => origin + path)),
        `http://localhost@127.0.0.1:${port}/api/`,
      ];
      const reached = await page.evaluate(async (all) => {
        const statuses: (number | string)[] = [];
        const attempts: ((url: string) => Promise<Response>)[] = [
          (url) => fetch(url),
          (url) => fetch(url, { credentials: 'include' }),
          (url) => fetch(url, { mode: 'no-cors' }),
          (url) => window.keeper.fetch(url),
          (url) => window.keeper.fetch(url, { method: 'POST', body: 'x' }),
        ];
        for (const url of all) {
          for (const attempt of attempts)
            statuses.push(
              await attempt(url).then(
                ({ type }) => type,
                (error: Error) => error.name,
              ),
            );
        }
        return statuses;
      }, urls);
      expect(reached.filter((type) => type === 'cors' || type === 'opaque').length).toBeGreaterThan(urls.length);
      expect(otherSite.received.length).toBeGreaterThan(urls.length);
      expect(otherSite.received.filter((line) => !line.endsWith(' - -'))).toEqual([]);
    } finally {
      await Promise.all([app.stop(), otherSite.close()]);
    }
  });
});
