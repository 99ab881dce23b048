import { startBareBrowser } from '../../support/browser/bare-browser.ts';
import { expect, test } from '../../support/e2e.ts';
import { soak } from '../../support/load/soak.ts';

/** Twelve kills. `npm run bench:soak` runs the same for ten minutes. */
const SECONDS = 60;
const KILLS = 12;

test(`delivers each message once and in order to all tabs through ${KILLS} kills in ${SECONDS} s`, async ({
  app,
  lab,
}) => {
  test.setTimeout(180_000);
  const browser = await startBareBrowser();
  try {
    const { sent, kills, tabs } = await soak(browser, app.origin, lab, SECONDS);
    expect(kills).toBe(KILLS);
    for (const tab of tabs) expect(tab).toMatchObject({ messages: sent, missing: 0, inOrder: true, refused: 0 });
  } finally {
    await browser.close();
  }
});
