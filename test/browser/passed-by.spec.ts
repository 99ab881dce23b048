import type { Page } from '@playwright/test';
import { expectSocket } from '../support/channels.ts';
import { startDeployment, type Deployment } from '../support/deployment.ts';
import { expect, FAILED_REQUEST, test } from '../support/e2e.ts';
import { connectKeeper } from '../support/keeper-page.ts';
import { fetchOnce, MODELS } from '../support/page-fetch.ts';
import { expectNothingBare } from '../support/requests.ts';
import { seesSignedIn, signIn } from '../support/sign-in.ts';
import { updateToWait, watchLeases } from '../support/update.ts';
import { killWorkers } from '../support/worker-kill.ts';

/*
 * All workers are killed between a newcomer's installation and its turn: Chromium 156 then names the newcomer as the
 * controller and sends the page's requests past it (docs/updates.md).
 */

/** What became of a request of `keeper.fetch`: a status, or the code of a problem. */
type Outcome = number | string;

declare global {
  interface Window {
    askKeeper(): Promise<Outcome>;
    /** Asked for when the newcomer was already on its way. */
    held: Promise<Outcome>;
    /** Whether it has come to control this page. */
    replaced: Promise<boolean>;
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

const prepare = (page: Page): Promise<void> =>
  page.evaluate(
    async ([url, ms]) => {
      window.askKeeper = () =>
        window.keeper.fetch(url).then(
          ({ status }): Outcome => status,
          (error: unknown): Outcome => JSON.stringify(error instanceof Error && error.cause),
        );
      window.replaced = new Promise((resolve) => {
        navigator.serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true });
        setTimeout(resolve, ms, false);
      });
      (await navigator.serviceWorker.ready).active?.postMessage('stay busy');
      // messages come in their order: once this is answered, the worker is busy
      await window.keeper.nudge();
    },
    [MODELS, 20_000] as const,
  );

/** What differs is its bytes: that a reload is due is known by nothing but what happens to the page. */
const ofBuild = (build: string, script: string): string =>
  `${canStayBusy(script.replaceAll(new RegExp(`${build.slice(0, -1)}\\d`, 'g'), build))}\n// ${performance.now()}`;

/**
 * Kills all workers while a newcomer waits for its turn, and the page holds a request back for it. Gives what became
 * of that, and of a plain request afterwards.
 */
const killInHandOver = async (
  page: Page,
  site: Deployment,
  build: string,
): Promise<{ held: Outcome; plain: Outcome | undefined }> => {
  await expectSocket(page, 'open');
  await prepare(page);
  const leases = watchLeases(page);
  await site.deploy((script) => ofBuild(build, script));
  await updateToWait(page);
  await expect.poll(() => leases.ended).toBe(LEASES);
  await page.evaluate(() => void (window.held = window.askKeeper()));
  await killWorkers(page);
  await page.evaluate(() => window.replaced);
  const held = await page.evaluate(() => window.held);
  await expectNothingBare(site.lab);
  return { held, plain: await fetchOnce(page) };
};

test('a page whose requests go past its worker sends nothing bare, and is well after the reload that it offers', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  const site = await startDeployment();
  try {
    const build = await site.deploy(canStayBusy);
    await signIn(page, site.origin, 'password');
    await site.lab.clearLog();
    let seen = await killInHandOver(page, site, build);
    for (let round = 1; round < ROUNDS && seen.plain !== 401; round += 1) {
      await page.reload();
      await connectKeeper(page);
      seen = await killInHandOver(page, site, build);
    }
    test.skip(seen.plain !== 401, 'This browser sends the requests of such a page to its worker.');

    const noWorker = JSON.stringify({ code: 'no-worker', detail: 'no control' });
    expect(seen.held).toBe(noWorker);
    await site.lab.clearLog();
    expect(await page.evaluate(() => window.askKeeper())).toBe(noWorker);
    await page.getByRole('button', { name: 'Reload' }).click();
    await seesSignedIn(page);
    await connectKeeper(page);
    expect(await fetchOnce(page)).toBe(200);
    await expectSocket(page, 'open');
    await expect(page.getByRole('button', { name: 'Reload' })).toBeHidden();
    await expectNothingBare(site.lab);
    expect((await site.lab.stats()).tokenRequests).toBe(1);
  } finally {
    await site.stop();
  }
});
