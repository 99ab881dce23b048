import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { expectSession } from '../../support/page/keeper-page.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

const LOGOUT = '/api/v1/auth/logout';

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST, FAILED_SOCKET));

test('sends a failed revocation again after the worker has died [revocation-after-kill]', async ({
  page,
  app,
  lab,
}) => {
  await signIn(page, app.origin, 'password');
  await app.shutDown('SIGKILL');
  expect(await page.evaluate(() => window.keeper.signOut())).toEqual({ ok: true, value: null });
  await killWorkers(page);
  await app.startAgain();
  await page.evaluate(() => window.keeper.nudge());
  await expect
    .poll(async () => (await lab.log()).some(({ path, status }) => path === LOGOUT && status === 204), {
      timeout: 15_000,
    })
    .toBe(true);
  await expectSession(page, 'signed-out');
});
