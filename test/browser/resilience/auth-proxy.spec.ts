import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, expectSession, signInBy } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { startApp } from '../../support/server/app.ts';
import { startGateProxy } from '../../support/server/gate-proxy.ts';

test('names a proxy whose session ended, and one click leads to its sign-in [auth-proxy]', async ({
  page,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  const gate = await startGateProxy();
  const app = await startApp({ env: { PUBLIC_ORIGIN: gate.origin, SERVER_PATHS: '/grafana/' } });
  gate.forwardTo(app.origin);
  try {
    await page.goto(gate.origin);
    await connectKeeper(page);
    await signInBy(page, { kind: 'password', username: 'demo', password: 'demo' });
    gate.setOpen(false);
    expect(await fetchOnce(page)).toBe(502);
    await page.goto(gate.origin);
    await expect(page.getByRole('heading', { level: 1 })).toContainText(
      'something in front of the server stops requests',
    );
    await page.getByRole('button', { name: 'Load this page from the server' }).click();
    await expect(page.locator('body')).toHaveText('Gate');
    for (const path of ['/oauth2/start', '/grafana/board', '/icons/icon.png']) {
      await page.goto(gate.origin + path);
      expect(gate.documents).toContain(path);
    }
    gate.setOpen(true);
    await page.goto(gate.origin);
    await connectKeeper(page);
    await expectSession(page, 'active');
    expect(await fetchOnce(page)).toBe(200);
    await expect(page.getByRole('heading', { level: 1 })).not.toContainText('something in front');
  } finally {
    await app.stop();
    await gate.stop();
  }
});
