import { startBareBrowser } from '../../support/browser/bare-browser.ts';
import { expect, test } from '../../support/e2e.ts';
import { soak } from '../../support/load/soak.ts';

/** Twelve kills; ten minutes of the same are `npm run bench:soak`. */
const SECONDS = 60;
const KILLS = 12;

test(`${KILLS} kills in ${SECONDS} s under 200 messages a second each way: every tab hears each once, in order`, async ({
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
