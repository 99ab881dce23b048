import type { Page } from '@playwright/test';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { expect, test } from '../../support/e2e.ts';
import { hardReload } from '../../support/browser/hard-reload.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { createProfile } from '../../support/browser/profile.ts';
import { seesSignedIn, SIGN_IN_KINDS, signInByHand } from '../../support/page/sign-in.ts';

/** The route of each kind's backend that returns the name of the user. */
const PROOF: Record<SignInKind, string> = {
  oidc: '/api/v1/auth/whoami',
  password: '/api/v1/auth/whoami',
  ticket: '/api/auth/status',
};
const RELOADS = 5;

/** Routes without a token: a socket has its ticket, and a sign-in its credentials. */
const NEEDS_NO_AUTHORIZATION = ['/api/socket', '/api/events', '/api/v1/auth/login', '/api/auth/login', '/token'];

/** Requests that needed authorization and had none. */
const bareRequests = async (lab: FaultClient, since: number): Promise<readonly string[]> => {
  const bare = (await lab.log()).filter(({ at, auth }) => at >= since && auth === 'none');
  return bare.map(({ path }) => path).filter((path) => !NEEDS_NO_AUTHORIZATION.includes(path));
};

/** Runs an action. Then expects the user to be signed in for the backend, the interface and page script. */
const endsSignedIn = async (
  page: Page,
  lab: FaultClient,
  kind: SignInKind,
  doing: () => Promise<unknown>,
): Promise<void> => {
  await lab.clearLog();
  await doing();
  await seesSignedIn(page);
  const since = await page.evaluate(() => performance.timeOrigin);
  const proofs = async (): Promise<number> => {
    const entries = (await lab.log()).filter(({ at, path }) => at >= since && path === PROOF[kind]);
    return entries.filter(({ status, sub }) => status === 200 && sub === 'demo').length;
  };
  await expect.poll(proofs, { message: `${PROOF[kind]} answered 200` }).toBeGreaterThan(0);
  expect(await fetchOnce(page)).toBe(200);
  expect(await bareRequests(lab, since)).toEqual([]);
};

for (const kind of SIGN_IN_KINDS) {
  test(`keeps the ${kind} session over five reloads, a hard reload and a close of all tabs [five-reloads]`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    await endsSignedIn(page, lab, kind, () => signInByHand(page, app.origin, kind));
    for (let reload = 1; reload <= RELOADS; reload += 1) await endsSignedIn(page, lab, kind, () => page.reload());
    await endsSignedIn(page, lab, kind, () => hardReload(page));
    await page.close();
    const reopened = await context.newPage();
    await endsSignedIn(reopened, lab, kind, () => reopened.goto(app.origin));
  });

  test(`keeps the ${kind} session when the browser restarts [browser-restart]`, async ({ app, lab, complaints }) => {
    const profile = await createProfile();
    const before = await profile.start();
    complaints.watch(before);
    const [page = await before.newPage()] = before.pages();
    await signInByHand(page, app.origin, kind);
    await before.close();

    const after = await profile.start();
    complaints.watch(after);
    const [reopened = await after.newPage()] = after.pages();
    await endsSignedIn(reopened, lab, kind, () => reopened.goto(app.origin));
    await after.close();
    await profile.remove();
  });
}
