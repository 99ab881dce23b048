import type { Page } from '@playwright/test';
import { expectSocket } from '../../support/page/channels.ts';
import { startDeployment, type Deployment } from '../../support/server/deployment.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { connectKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { bareIn, expectNothingBare } from '../../support/page/requests.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';
import { updateToWait, watchKeepAlives } from '../../support/page/update.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/*
 * All workers die after a new worker is installed and before it takes over. Chromium 156 then names the new worker as the
 * controller, but sends the page's requests past it (docs/explanation/worker-updates.md).
 */

/** The result of `keeper.fetch`: a status, or a problem as JSON. */
type Outcome = number | string;

declare global {
  interface Window {
    fetchByKeeper(): Promise<Outcome>;
    /** A request that started when the new worker was already waiting. */
    held: Promise<Outcome>;
    /** The status of a plain request, sent when a new worker controls this page. 0 if none does. */
    plain: Promise<number>;
  }
}

/** One of the app's keeper, and one of the test's own. */
const KEEP_ALIVES = 2;
const ROUNDS = 3;

/** A worker that stays busy after a message `stay busy`. No new worker replaces it while it lives. */
const canStayBusy = (script: string): string => `${script}
  self.addEventListener('message', (event) => {
    if (event.data === 'stay busy') event.waitUntil(new Promise(() => {}));
  });`;

/** Differs in bytes only, not in its build. So the page learns only from its requests that it must reload. */
const ofBuild =
  (build: string) =>
  (script: string): string =>
    `${canStayBusy(script.replaceAll(new RegExp(`${build.slice(0, -1)}\\d+`, 'g'), build))}\n// ${performance.now()}`;

const prepare = (page: Page): Promise<void> =>
  page.evaluate(
    async ([url, ms]) => {
      window.fetchByKeeper = () =>
        window.keeper.fetch(url).then(
          ({ status }): Outcome => status,
          (error: unknown): Outcome => JSON.stringify(error instanceof Error && error.cause),
        );
      window.plain = new Promise((resolve) => {
        const send = (): void => resolve(fetch(url).then(({ status }) => status));
        navigator.serviceWorker.addEventListener('controllerchange', send, { once: true });
        setTimeout(resolve, ms, 0);
      });
      (await navigator.serviceWorker.ready).active?.postMessage('stay busy');
      // Messages arrive in order: after this answer the worker is busy.
      await window.keeper.nudge();
    },
    [MODELS, 20_000] as const,
  );

type Scene = { page: Page; site: Deployment; build: string };

/** Kills all workers while a new worker waits and the page holds a request back for it. */
const killInHandOver = async ({ page, site, build }: Scene, afterInstall: () => Promise<void>): Promise<number> => {
  await expectSocket(page, 'open');
  await prepare(page);
  const keepAlives = watchKeepAlives(page);
  await updateToWait(page, () => site.deploy(ofBuild(build)));
  await afterInstall();
  await expect.poll(() => keepAlives.ended).toBe(KEEP_ALIVES);
  await site.faults.clearLog();
  await page.evaluate(() => void (window.held = window.fetchByKeeper()));
  await killWorkers(page);
  return page.evaluate(() => window.plain);
};

/**
 * Opens a signed-in page whose requests bypass its worker. Returns `false` when this browser does not get there in
 * `ROUNDS` rounds. Then it has checked that nothing was sent without authorization.
 */
const openBypassed = async (scene: Scene, afterInstall = async () => {}): Promise<boolean> => {
  const { page, site: at, build } = scene;
  await signIn(page, at.origin, 'password');
  for (let round = 1; ; round += 1) {
    if ((await killInHandOver(scene, afterInstall)) === 401) return true;
    expect(await page.evaluate(() => window.held)).toBe(200);
    await expectNothingBare(at.faults);
    if (round === ROUNDS) break;
    await at.deploy(ofBuild(build));
    await page.reload();
    await connectKeeper(page);
  }
  test.info().annotations.push({ type: 'not reached', description: 'No request bypassed the worker.' });
  return false;
};

/** The server refused the plain request, and got no other request without authorization. */
const expectOneUnauthorized = async ({ faults }: Deployment): Promise<void> =>
  expect((await bareIn(faults)).map(({ path }) => path)).toEqual([MODELS]);

let site: Deployment;
test.beforeEach(async ({ complaints }) => {
  test.setTimeout(120_000);
  complaints.expect(FAILED_REQUEST);
  site = await startDeployment();
});
test.afterEach(() => site.stop());

test('gets another worker and then sends the held requests when requests bypass the worker', async ({ page }) => {
  const build = await site.deploy(canStayBusy);
  if (!(await openBypassed({ page, site, build }))) return;
  const document = await documentOf(page);
  expect(await page.evaluate(() => window.held)).toBe(200);
  expect(await fetchOnce(page)).toBe(200);
  await expectSocket(page, 'open');
  await expect(page.getByRole('button', { name: 'Reload' })).toBeHidden();
  expect(await documentOf(page)).toBe(document);
  await expectOneUnauthorized(site);
  expect((await site.faults.stats()).tokenRequests).toBe(1);
});

test('sends nothing without authorization and offers a reload when it gets no other worker', async ({
  page,
  complaints,
}) => {
  complaints.expect(/A bad HTTP response code .404./);
  const build = await site.deploy(canStayBusy);
  if (!(await openBypassed({ page, site, build }, () => site.withdraw()))) return;
  const noWorker = JSON.stringify({ code: 'no-worker', detail: 'no control' });
  expect(await page.evaluate(() => window.held)).toBe(noWorker);
  expect(await page.evaluate(() => window.fetchByKeeper())).toBe(noWorker);
  await expectOneUnauthorized(site);
  await site.faults.clearLog();
  await site.deploy(ofBuild(build));
  await page.getByRole('button', { name: 'Reload' }).click();
  await seesSignedIn(page);
  await connectKeeper(page);
  expect(await fetchOnce(page)).toBe(200);
  await expectSocket(page, 'open');
  await expect(page.getByRole('button', { name: 'Reload' })).toBeHidden();
  await expectNothingBare(site.faults);
  expect((await site.faults.stats()).tokenRequests).toBe(1);
});
