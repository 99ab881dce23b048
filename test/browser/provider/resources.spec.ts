import type { Page } from '@playwright/test';
import { isObject, own, parseJson } from '../../../src/protocol/schema/json.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession } from '../../support/page/keeper-page.ts';
import { atProvider } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';
import { openSite } from '../../support/sites/embedding-site.ts';
import { PROVIDER_SITE_WORKER, startProviderSite, type ProviderSite } from '../../support/providers/provider-site.ts';

const ORDERS = 'https://orders.example/';
const BILLING = 'https://billing.example/';

let site: ProviderSite;
test.beforeEach(async ({ complaints }) => {
  complaints.expect(FAILED_REQUEST);
  site = await startProviderSite([
    { origin: 'self', path: '/api/orders/', resource: ORDERS, scope: 'api' },
    { origin: 'self', path: '/api/billing/', resource: BILLING },
  ]);
});
test.afterEach(() => site.stop());

const audienceIn = (authorization = ''): unknown => {
  const claims = parseJson(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString());
  return isObject(claims) ? own(claims, 'aud') : undefined;
};

/** The audience of each token that the API got, by path. */
const audiences = (): readonly unknown[] =>
  site.received
    .filter(({ path }) => path.endsWith('/x'))
    .map(({ path, authorization }) => [path, audienceIn(authorization)]);

const fetchAll = (page: Page, paths: readonly string[]): Promise<unknown> =>
  page.evaluate(async (all) => void (await Promise.all(all.map((path) => fetch(path)))), paths);

test('each API gets a token of its own, also at once and after a killed worker [resources-in-browser]', async ({
  page,
}) => {
  await openSite(page, `${site.origin}/`, PROVIDER_SITE_WORKER);
  const opening = page.waitForEvent('popup');
  const signedIn = page.evaluate(() => window.keeper.signIn({ kind: 'oidc' }, { popup: true }));
  await atProvider(await opening);
  await signedIn;
  await expectSession(page, 'active');
  const paths = ['/api/orders/x', '/api/billing/x', '/api/x'];
  const expected = [
    ['/api/billing/x', BILLING],
    ['/api/orders/x', ORDERS],
    ['/api/x', site.issuer],
  ];
  await fetchAll(page, paths);
  // The simulated site answers 401 to tokens that it does not know, and each of them is renewed once and sent again.
  expect(new Set(audiences().map((each) => JSON.stringify(each)))).toEqual(
    new Set(expected.map((each) => JSON.stringify(each))),
  );
  await expectSession(page, 'active');
  await killWorkers(page);
  site.received.length = 0;
  await fetchAll(page, paths);
  expect(new Set(audiences().map((each) => JSON.stringify(each)))).toEqual(
    new Set(expected.map((each) => JSON.stringify(each))),
  );
  await expectSession(page, 'active');
});
