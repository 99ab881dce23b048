import type { Page } from '@playwright/test';
import type { Fault } from '../../../server/base/faults.ts';
import type { ProblemCode } from '../../../src/protocol/problem.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';

const HEALS_WITHIN_MS = 8_000;

/** One odd answer of the token endpoint. `used`: it has a usable token. Otherwise `code` is the problem. */
type Odd = { name: string; fault: Omit<Fault, 'at'>; outcome: 'used' | ProblemCode };

const answer = (body: string, status = 200, type = 'application/json'): Omit<Fault, 'at'> => ({
  kind: 'answer',
  ...{ status, body, type },
});
const alter = (fields: Record<string, unknown>): Omit<Fault, 'at'> => ({ kind: 'alter', body: JSON.stringify(fields) });
const idToken = (sub: string): string => `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.s`;

const UNEXPECTED: ProblemCode = 'unexpected-answer';
const ODD: readonly Odd[] = [
  { name: 'the page of a captive portal [odd-captive-portal]', fault: { kind: 'html' }, outcome: UNEXPECTED },
  { name: 'an empty 200', fault: answer(''), outcome: UNEXPECTED },
  { name: 'cut JSON [odd-cut-json]', fault: answer('{"access_token":"a'), outcome: UNEXPECTED },
  { name: 'null', fault: answer('null'), outcome: UNEXPECTED },
  {
    name: 'tokens in `__proto__` [odd-prototype]',
    fault: answer('{"__proto__":{"access_token":"a","refresh_token":"r"}}'),
    outcome: 'refresh-refused',
  },
  { name: '400 with HTML', fault: answer('<html>', 400, 'text/html'), outcome: 'server-unavailable' },
  {
    name: '500 that says invalid_grant [odd-500-invalid-grant]',
    fault: answer('{"error":"invalid_grant"}', 500),
    outcome: 'server-unavailable',
  },
  { name: 'expires_in as a word [odd-expires-in-word]', fault: alter({ expires_in: 'soon' }), outcome: 'used' },
  { name: 'expires_in zero [odd-expires-in-zero]', fault: alter({ expires_in: 0 }), outcome: 'used' },
  { name: 'expires_in far too large [odd-expires-in-huge]', fault: alter({ expires_in: 1e300 }), outcome: 'used' },
  {
    name: 'a refresh token that is null [odd-refresh-token-null]',
    fault: { ...alter({ refresh_token: null }) },
    outcome: 'used',
  },
  { name: 'a scope that is a list', fault: alter({ scope: ['openid'] }), outcome: 'used' },
  { name: 'no token type [odd-no-token-type]', fault: alter({ token_type: 'absent' }), outcome: 'used' },
  { name: 'no access token', fault: alter({ access_token: 'absent' }), outcome: UNEXPECTED },
  {
    name: 'an access token with a line end [odd-header-injection]',
    fault: alter({ access_token: 'a\r\nx: y' }),
    outcome: UNEXPECTED,
  },
];

/** Answers for one of the kinds only. */
const OF_KIND: Record<(typeof TOKEN_KINDS)[number], readonly Odd[]> = {
  password: [
    {
      name: 'a token type of another scheme [odd-dpop-for-bearer]',
      fault: alter({ token_type: 'DPoP' }),
      outcome: UNEXPECTED,
    },
    { name: 'JSON as plain text [odd-text-plain]', fault: { ...alter({}), type: 'text/plain' }, outcome: 'used' },
    {
      name: 'misconfigured: invalid_client [odd-invalid-client]',
      fault: answer('{"error":"invalid_client"}', 401),
      outcome: 'misconfigured',
    },
  ],
  oidc: [
    {
      name: 'a token type of another scheme [odd-bearer-for-dpop]',
      fault: alter({ token_type: 'Bearer' }),
      outcome: UNEXPECTED,
    },
    {
      name: 'an ID token for another user [odd-id-token-other]',
      fault: alter({ id_token: idToken('eve') }),
      outcome: UNEXPECTED,
    },
    { name: 'an ID token that is not a JWT', fault: alter({ id_token: 'garbage' }), outcome: UNEXPECTED },
    {
      name: 'a demand for a nonce, twice [odd-nonce-twice]',
      fault: { ...answer('{"error":"use_dpop_nonce"}', 400), times: 2 },
      outcome: 'server-unavailable',
    },
    {
      name: 'a demand for a nonce, once [odd-nonce-once]',
      fault: answer('{"error":"use_dpop_nonce"}', 400),
      outcome: 'used',
    },
  ],
};

const tokenRequests = async (lab: FaultClient): Promise<number> => (await lab.stats()).tokenRequests;

/** The problem of the session while it waits. */
const problemOf = async (page: Page): Promise<string> => {
  const { session } = await snapshotOf(page);
  return session.state === 'degraded' ? session.problem.code : session.state;
};

/** Time between two 401s by the worker's clock, so that the worker refreshes for each. */
const APART_MS = 6_000;

/** After a problem that an operator must fix, the next attempt comes after a minute. */
const RETRY_MS = 61_000;

const passTime = async (page: Page, ms: number): Promise<void> => {
  for (const worker of page.context().serviceWorkers())
    await worker.evaluate((by) => {
      const read = Date.now;
      Date.now = () => read() + by;
    }, ms);
};

const meet = async (page: Page, lab: FaultClient, { name, fault, outcome }: Odd): Promise<void> => {
  await test.step(name, async () => {
    await passTime(page, APART_MS);
    await lab.add({ at: 'token', times: 1, ...fault });
    await lab.expireTokens();
    const seen = await fetchOnce(page);
    if (outcome === 'used') expect(seen, name).toBe(200);
    else {
      // The request waits for the next attempt, unless that comes too late for it.
      expect(seen, name).toBe(outcome === 'misconfigured' ? 'network error' : 200);
      const problems = await page.evaluate(() =>
        window.seen.flatMap(({ session }) => (session.state === 'degraded' ? [session.problem.code] : [])),
      );
      expect(problems.at(-1), name).toBe(outcome);
    }
    await lab.clear();
    if (outcome === 'misconfigured') await passTime(page, RETRY_MS);
    await page.evaluate(() => window.keeper.nudge());
    await expect.poll(() => problemOf(page), { timeout: HEALS_WITHIN_MS, intervals: [50] }).toBe('active');
    expect(await fetchOnce(page), `after ${name}`).toBe(200);
  });
};

test.beforeEach(({ complaints }) => complaints.expect(FAILED_REQUEST));

for (const kind of TOKEN_KINDS) {
  test(`keeps the ${kind} session after each odd answer of the token endpoint [odd-answers]`, async ({
    page,
    app,
    lab,
  }) => {
    test.setTimeout(120_000);
    await signIn(page, app.origin, kind);
    const { tokenRequests: before } = await lab.stats();
    for (const odd of [...ODD, ...OF_KIND[kind]]) await meet(page, lab, odd);
    expect(await tokenRequests(lab)).toBeLessThan(before + 4 * (ODD.length + OF_KIND[kind].length));
    const states = await page.evaluate(() => window.seen.map(({ session }) => session.state));
    expect(states.slice(states.indexOf('active'))).not.toContain('signed-out');
    expect(await sessionStateOf(page)).toBe('active');
  });
}

test('signs out at once and repeats the revocation when the server answers it with 503 [revocation-503]', async ({
  page,
  app,
  lab,
}) => {
  const logouts = async (status: number): Promise<number> =>
    (await lab.log()).filter((entry) => entry.path === '/api/v1/auth/logout' && entry.status === status).length;
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
  await lab.add({ at: 'api', kind: 'status', status: 503 });
  expect(await page.evaluate(() => window.keeper.signOut())).toEqual({ ok: true, value: null });
  expect(await sessionStateOf(page)).toBe('signed-out');
  await expect.poll(() => logouts(503)).toBeGreaterThan(0);
  await lab.clear();
  await page.evaluate(() => window.keeper.nudge());
  await expect.poll(() => logouts(204)).toBe(1);
});
