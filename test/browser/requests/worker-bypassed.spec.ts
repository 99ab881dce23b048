import type { Page } from '@playwright/test';
import { expectSocket } from '../../support/page/channels.ts';
import { startDeployment, type Deployment } from '../../support/server/deployment.ts';
import { documentOf } from '../../support/browser/document.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { connectKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { bareIn, expectNothingBare } from '../../support/page/requests.ts';
import { seesSignedIn, signIn } from '../../support/page/sign-in.ts';
import { updateToWait, watchLeases } from '../../support/page/update.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/*
 * All workers are killed between a newcomer's installation and its turn: Chromium 156 then names the newcomer as the
 * controller and sends the page's requests past it (docs/explanation/worker-updates.md).
 */

/** What became of a request of `keeper.fetch`: a status, or a problem as JSON. */
type Outcome = number | string;

declare global {
  interface Window {
    askKeeper(): Promise<Outcome>;
    /** Asked for when the newcomer was already on its way. */
    held: Promise<Outcome>;
    /** The status of a plain request, sent as soon as a newcomer controls this page; 0 where none does. */
    plain: Promise<number>;
  }
}

/** The app's keeper and the test's own each have one. */
const LEASES = 2;
const ROUNDS = 3;

/** A worker that does not rest, once it was told so: no newcomer replaces it while it lives. */
const canStayBusy = (script: string): string => `${script}
  self.addEventListener('message', (event) => {
    if (event.data === 'stay busy') event.waitUntil(new Promise(() => {}));
  });`;

/** What differs is its bytes: that a reload is due is known by nothing but what happens to the page. */
const ofBuild =
  (build: string) =>
  (script: string): string =>
    `${canStayBusy(script.replaceAll(new RegExp(`${build.slice(0, -1)}\\d+`, 'g'), build))}\n// ${performance.now()}`;

const prepare = (page: Page): Promise<void> =>
  page.evaluate(
    async ([url, ms]) => {
      window.askKeeper = () =>
        window.keeper.fetch(url).then(
          ({ status }): Outcome => status,
          (error: unknown): Outcome => JSON.stringify(error instanceof Error && error.cause),
        );
      window.plain = new Promise((resolve) => {
        const ask = (): void => resolve(fetch(url).then(({ status }) => status));
        navigator.serviceWorker.addEventListener('controllerchange', ask, { once: true });
        setTimeout(resolve, ms, 0);
      });
      (await navigator.serviceWorker.ready).active?.postMessage('stay busy');
      // messages come in their order: once this is answered, the worker is busy
      await window.keeper.nudge();
    },
    [MODELS, 20_000] as const,
  );

type Scene = { page: Page; site: Deployment; build: string };

/** Kills all workers while a newcomer waits for its turn, and the page holds a request back for it. */
const killInHandOver = async ({ page, site, build }: Scene, afterInstall: () => Promise<void>): Promise<number> => {
  await expectSocket(page, 'open');
  await prepare(page);
  const leases = watchLeases(page);
  await site.deploy(ofBuild(build));
  await updateToWait(page);
  await afterInstall();
  await expect.poll(() => leases.ended).toBe(LEASES);
  await site.faults.clearLog();
  await page.evaluate(() => void (window.held = window.askKeeper()));
  await killWorkers(page);
  return page.evaluate(() => window.plain);
};

/**
 * A page of somebody who is signed in, and whose requests go past its worker. `false` where none can be had, in this
 * browser or by chance: what then must hold has been looked at.
 */
const openPassedBy = async (scene: Scene, afterInstall = async () => {}): Promise<boolean> => {
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
  test.info().annotations.push({ type: 'not reached', description: 'No request has gone past the worker.' });
  return false;
};

/** The server has refused the plain request; nothing else has come to it bare. */
const expectOneBare = async ({ faults }: Deployment): Promise<void> =>
  expect((await bareIn(faults)).map(({ path }) => path)).toEqual([MODELS]);

let site: Deployment;
test.beforeEach(async ({ complaints }) => {
  test.setTimeout(120_000);
  complaints.expect(FAILED_REQUEST);
  site = await startDeployment();
});
test.afterEach(() => site.stop());

test('a page whose requests go past its worker has another one come, and what it held back goes out then', async ({
  page,
}) => {
  const build = await site.deploy(canStayBusy);
  if (!(await openPassedBy({ page, site, build }))) return;
  const document = await documentOf(page);
  expect(await page.evaluate(() => window.held)).toBe(200);
  expect(await fetchOnce(page)).toBe(200);
  await expectSocket(page, 'open');
  await expect(page.getByRole('button', { name: 'Reload' })).toBeHidden();
  expect(await documentOf(page)).toBe(document);
  await expectOneBare(site);
  expect((await site.faults.stats()).tokenRequests).toBe(1);
});

test('where no other worker can be had, it sends nothing bare, and is well after the reload that it offers', async ({
  page,
  complaints,
}) => {
  complaints.expect(/A bad HTTP response code .404./);
  const build = await site.deploy(canStayBusy);
  if (!(await openPassedBy({ page, site, build }, () => site.withdraw()))) return;
  const noWorker = JSON.stringify({ code: 'no-worker', detail: 'no control' });
  expect(await page.evaluate(() => window.held)).toBe(noWorker);
  expect(await page.evaluate(() => window.askKeeper())).toBe(noWorker);
  await expectOneBare(site);
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
