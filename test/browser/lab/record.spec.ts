import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordSignIn } from '../../../lab/record/record.ts';
import { loadSignInModule } from '../../../lab/site/sign-in-module.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { startDesktopStory } from '../../support/sites/story-sites.ts';

test('records a sign-in, and the module signs in again', async ({ page, complaints }) => {
  // The small site has no icon.
  complaints.expect(FAILED_REQUEST);
  const story = await startDesktopStory();
  const folder = await mkdtemp(join(tmpdir(), 'keeper-record-'));
  try {
    const { executablePath } = launchOptions();
    const recorded = await recordSignIn({
      url: story.origin,
      executablePath,
      headless: true,
      act: async (own) => {
        await own.getByLabel('User').pressSequentially('me');
        await own.getByLabel('Password').pressSequentially('secret');
        await own.getByRole('button', { name: 'Log in' }).click();
        await own.getByText('Welcome, me').waitFor();
      },
    });
    if (recorded.type !== 'recorded') throw new Error('Nothing was recorded.');
    expect(recorded.source).not.toContain("'secret'");
    expect(recorded.source).toContain("export const proof = '/api/whoami';");
    const file = join(folder, 'sign-in.mjs');
    await writeFile(file, recorded.source);
    const loaded = await loadSignInModule(file);
    if (loaded.type !== 'loaded') throw new Error(loaded.detail);
    process.env['SESSION_KEEPER_PASSWORD'] = 'secret';
    await page.goto(story.origin);
    await loaded.module.signIn(page);
    await expect(page.getByText('Welcome, me')).toBeVisible();
  } finally {
    delete process.env['SESSION_KEEPER_PASSWORD'];
    await rm(folder, { recursive: true, force: true });
    await story.stop();
  }
});
