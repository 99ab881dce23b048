import type { App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startHostileSite } from '../../support/sites/hostile-site.ts';
import { snapshotOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { sealOf } from '../../support/page/secrets.ts';
import { prepareReads, SCRIPT_READS } from '../../support/page/script-reads.ts';
import { signIn } from '../../support/page/sign-in.ts';

/*
 * Injected script tries to read the secret that the server writes into the worker's script. The content security policy
 * is off here, so the seal must hold by itself.
 */
test.use({ bypassCSP: true });

let site: App;
test.beforeAll(async () => {
  site = await startHostileSite();
});
test.afterAll(() => site.stop());

test('keeps the secret of the worker script from page script', async ({ page, context, complaints }) => {
  // The worker script throws in realms that it was not made for.
  complaints.expect(/./);
  await signIn(page, site.origin, 'password');
  expect((await snapshotOf(page)).tier).toBe('sealed');
  const secret = await sealOf(context, site.origin);
  if (secret === undefined) throw new Error('There is no secret to find.');
  await prepareReads(page);

  const got: Record<string, string> = {};
  for (const [name, read] of Object.entries(SCRIPT_READS)) got[name] = await page.evaluate(read).catch(String);

  const leaks = Object.entries(got).filter(([, text]) => text.includes(secret) || text.includes('"seal"'));
  expect(leaks.map(([name]) => name)).toEqual([]);
  // The control: the attacks did read the script, and did run it in other realms.
  const read = Object.entries(got).filter(([, text]) => text.includes('"whoami"'));
  expect(read.map(([name]) => name)).toEqual([
    'fetch',
    'fetch with forged headers',
    'XMLHttpRequest',
    'the HTTP cache',
    'the Cache API',
    'script element',
    'module script',
    'import()',
    'modulepreload as a service worker',
    'preload',
    'dedicated worker',
    'shared worker',
    'pop-up',
    'classic worker of the same origin that imports it',
  ]);
  // Chromium fetches a module worker's imports without cookies. Without the cookie the server refuses the script.
  expect(got['module worker of the same origin that imports it']).toContain('cannot be started');
  expect(await fetchOnce(page)).toBe(200);
});

test('a query in the worker’s URL does not change its endpoints [worker-script-query]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, site.origin, 'oidc');
  const evil = encodeURIComponent('http://127.0.0.1:9');
  const queries = [`issuer=${evil}`, `api=${evil}&whoami=${evil}`, `__SESSION_KEEPER__={"config":{}}`, 'dev&debug=1'];
  const origins: string[] = [];
  page.context().on('request', (request) => origins.push(new URL(request.url()).origin));
  for (const query of queries) {
    await page.evaluate(async (script) => {
      const changed = new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
      await navigator.serviceWorker.register(script);
      await changed;
    }, `/sw.js?${query}`);
    expect(await fetchOnce(page)).toBe(200);
    await expect.poll(async () => (await snapshotOf(page)).tier).toBe('sealed');
    expect((await snapshotOf(page)).session.state).toBe('active');
  }
  expect(origins.filter((origin) => origin !== site.origin && origin !== site.provider)).toEqual([]);
});

test('keeps the old worker and the sealed session when a newer script has no secret [seal-missing]', async ({
  page,
  context,
  complaints,
}) => {
  complaints.expect(/bad HTTP response code \(403\)|Failed to load resource/);
  await signIn(page, site.origin, 'oidc');
  const { worker } = await snapshotOf(page);
  await context.clearCookies({ name: '__Host-Http-keeper-install' });
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    return registration?.update().then(
      () => 'updated',
      (error: Error) => error.name,
    );
  });
  expect(outcome).toBe('TypeError');
  expect(await fetchOnce(page)).toBe(200);
  const after = await snapshotOf(page);
  expect([after.worker.id, after.tier, after.session.state]).toEqual([worker.id, 'sealed', 'active']);
});
