import type { Page } from '@playwright/test';
import type { App } from '../../support/server/app.ts';
import { startApp } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession, snapshotOf } from '../../support/page/keeper-page.ts';
import { createFaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { updateToWait } from '../../support/page/update.ts';

const env: Record<string, string> = {};
let app: App;
test.beforeAll(async () => {
  app = await startApp({ env });
});
test.afterAll(() => app.stop());

/** Counts how many workers take control of this document from now on. */
const countControllerChanges = async (page: Page): Promise<() => Promise<number>> => {
  await page.evaluate(() => {
    window.controllerChanges = 0;
    navigator.serviceWorker.addEventListener('controllerchange', () => (window.controllerChanges += 1));
  });
  return () => page.evaluate(() => window.controllerChanges);
};

declare global {
  interface Window {
    controllerChanges: number;
  }
}

let number = 1;

/** Restarts the server with another key. */
const replaceKey = async (): Promise<void> => {
  number += 1;
  env['SEAL_KEY'] = String(number);
  await app.shutDown();
  await app.startAgain();
};

for (const kind of TOKEN_KINDS) {
  test(`keeps the ${kind} session when the server replaces its seal key three times`, async ({ page, complaints }) => {
    test.setTimeout(120_000);
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    await signIn(page, app.origin, kind);
    const keysOf = (): Promise<string[]> =>
      page.evaluate(async () => {
        const opening = indexedDB.open('session-keeper');
        await new Promise((resolve) => (opening.onsuccess = resolve));
        const stores = opening.result.transaction(['session', 'sealed']);
        const read = (store: string): Promise<{ key?: string; sealed?: { key: string } }[]> =>
          new Promise((resolve) => {
            const reading = stores.objectStore(store).getAll();
            reading.onsuccess = () => resolve(reading.result as { key?: string }[]);
          });
        const rows = [...(await read('session')), ...(await read('sealed'))];
        opening.result.close();
        return [...new Set(rows.map(({ key, sealed }) => sealed?.key ?? key ?? ''))];
      });
    let former = await keysOf();
    expect(former).toHaveLength(1);
    // The server keeps two former keys. So only records that the worker sealed again can be opened in the end.
    for (let times = 0; times < 3; times += 1) {
      const controllerChanges = await countControllerChanges(page);
      const { worker } = await snapshotOf(page);
      await updateToWait(page, replaceKey);
      await expect.poll(controllerChanges).toBe(1);
      // crash-points.spec.ts covers a kill during the takeover.
      await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
      await expect.poll(async () => (await snapshotOf(page)).worker.id).not.toBe(worker.id);
      await expectSession(page, 'active');
      await killWorkers(page);
      await page.reload();
      await connectKeeper(page);
      await expectSession(page, 'active');
      expect(await fetchOnce(page)).toBe(200);
      expect((await snapshotOf(page)).tier).toBe('sealed');
      await createFaultClient(app.origin).expireTokens();
      expect(await fetchOnce(page)).toBe(200);
      await expect.poll(keysOf).toHaveLength(1);
      expect(await keysOf()).not.toEqual(former);
      former = await keysOf();
    }
  });
}
