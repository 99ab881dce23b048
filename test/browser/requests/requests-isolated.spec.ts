import { startApp, type App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { createFaultClient } from '../../support/server/fault-client.ts';
import { hitsOn, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn } from '../../support/page/sign-in.ts';

let app: App;
test.beforeAll(async () => {
  const policy = new URL('../../support/sites/embedder-policy.ts', import.meta.url).href;
  app = await startApp({ env: { NODE_OPTIONS: `--import=tsx --import=${policy}` } });
});
test.afterAll(() => app.stop());

test('authorizes the requests of a cross-origin isolated page [cross-origin-isolated]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST);
  const lab = createFaultClient(app.origin);
  await signIn(page, app.origin, 'password');
  await page.reload();
  expect(await page.evaluate(() => [crossOriginIsolated, navigator.serviceWorker.controller !== null])).toEqual([
    true,
    true,
  ]);

  await lab.clearLog();
  const status = await page.evaluate(async () => (await fetch('/api/v1/llm/models')).status);
  const fetched = await hitsOn(lab, /\/llm\/models$/, 1);
  await checkRow({ kind: '`fetch` ', server: fetched.map((hit) => wordsFor(hit)), caller: String(status) });

  await lab.clearLog();
  await page.evaluate(async () => {
    const image = new Image();
    image.src = '/api/v1/media/picture.png';
    await image.decode();
  });
  const shown = await hitsOn(lab, /\/picture\.png$/, 1);
  await checkRow({ kind: '`<img>` ', server: shown.map((hit) => wordsFor(hit)), caller: 'the picture' });

  await lab.clearLog();
  await lab.add({ at: 'api', path: '/api/v1/llm/', kind: 'redirect', location: '/', times: 1 });
  const caller = await page.evaluate(async () => {
    const response = await fetch('/api/v1/llm/models');
    return `${response.status}, \`Cross-Origin-Resource-Policy: ${response.headers.get('cross-origin-resource-policy')}\``;
  });
  const refused = await hitsOn(lab, /\/llm\/models$/, 1);
  await checkRow({ kind: 'the worker’s own answer', server: refused.map((hit) => wordsFor(hit)), caller });
});
