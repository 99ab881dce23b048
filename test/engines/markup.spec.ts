import { checkMarkup, MARKUP_PAGE } from '../support/sites/markup.ts';
import { snapshotOf } from '../support/page/keeper-page.ts';
import { embeddingConfig, keeperScript, signInSite, startEmbeddingSite } from '../support/sites/embedding-site.ts';
import { expect, FAILED_REQUEST, test } from './fixture.ts';

test('authorizes requests of markup as the table shows [markup-engines]', async ({ engine, expected }) => {
  // The API refuses what has no token, and its answers are no pictures, styles and scripts.
  expected.push(FAILED_REQUEST, /MIME type|font|Manifest|module|401|establish a connection/i);
  const site = await startEmbeddingSite();
  try {
    site.serve('/', MARKUP_PAGE);
    site.serve('/sw.js', await keeperScript(embeddingConfig()));
    const tab = await engine.open();
    await tab.goto(site.origin);
    await expect.poll(() => tab.evaluate(() => 'keeper' in window).catch(() => false), { timeout: 30_000 }).toBe(true);
    await signInSite(tab);
    await expect.poll(async () => (await snapshotOf(tab)).session, { timeout: 15_000 }).toHaveProperty('verifiedAt');
    await checkMarkup(tab, site, engine.name);
  } finally {
    await site.stop();
  }
});
