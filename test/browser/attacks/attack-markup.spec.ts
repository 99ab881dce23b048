import { expect, test } from '../../support/e2e.ts';
import { snapshotOf, useAppKeeper } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { seesSignedIn, signInByHand, TOKEN_KINDS } from '../../support/page/sign-in.ts';

for (const kind of TOKEN_KINDS) {
  test(`${kind}: blocks injected markup and scripts with Trusted Types [trusted-types]`, async ({
    page,
    app,
    complaints,
  }) => {
    await signInByHand(page, app.origin, kind);
    await seesSignedIn(page);
    await page.reload();
    await seesSignedIn(page);
    await useAppKeeper(page);
    expect((await snapshotOf(page)).tier).toBe('sealed');
    expect(await fetchOnce(page)).toBe(200);
    expect(complaints.unexpected()).toEqual([]);

    complaints.expect(/requires 'Trusted(HTML|ScriptURL)' assignment/, /Content Security Policy|trusted-types/);
    const outcomes = await page.evaluate(() => {
      const attempts: Record<string, () => unknown> = {
        markup: () => (document.body.innerHTML = '<img src=x onerror="window.evil = true">'),
        'a worker': () => new Worker('/keeper-pulse.js'),
        'a script': () => (document.createElement('script').src = 'https://evil.test/'),
        'a policy of its own': () => window.trustedTypes?.createPolicy('evil', {}),
        'the policy of the app': () => window.trustedTypes?.createPolicy('session-keeper', {}),
      };
      return Object.entries(attempts).map(([name, attempt]) => {
        try {
          attempt();
          return `${name}: done`;
        } catch (error) {
          return `${name}: ${error instanceof Error ? error.name : 'refused'}`;
        }
      });
    });
    expect(outcomes).toEqual([
      'markup: TypeError',
      'a worker: TypeError',
      'a script: TypeError',
      'a policy of its own: TypeError',
      'the policy of the app: TypeError',
    ]);
  });
}
