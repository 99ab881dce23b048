import { expect, test } from '../../support/e2e.ts';
import { requestCost, workerOf } from '../../support/load/request-cost.ts';
import { signIn } from '../../support/page/sign-in.ts';

const REQUESTS = 1_000;

/** A quiet machine needs a fraction of these. A CI machine runs another test beside this one. */
const BUDGETS = [
  { kind: 'password', scheme: 'Bearer', p50Ms: 1 },
  { kind: 'oidc', scheme: 'DPoP', p50Ms: 3 },
] as const;

for (const { kind, scheme, p50Ms } of BUDGETS) {
  test(
    `adds less than ${p50Ms} ms to a warm request with ${scheme}`,
    { tag: '@timed' },
    async ({ page, context, app }) => {
      await signIn(page, app.origin, kind);
      const cost = await requestCost(workerOf(context.serviceWorkers(), app.origin), REQUESTS);
      expect(cost.schemes, 'each request was authorized').toEqual([scheme]);
      expect(cost.p50Ms).toBeLessThan(p50Ms);
    },
  );
}
