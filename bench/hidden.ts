import { setTimeout as rest } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { startBareFirefox, type HiddenTab } from '../test/support/browser/bare-firefox.ts';
import { connectIn, countIn, receivedIn } from '../test/support/page/bare-keeper.ts';
import { createFaultClient } from '../test/support/server/fault-client.ts';

/*
 * Leaves a tab alone behind another one. The server must see no close, and the same worker must run afterwards.
 * `--browser chromium|firefox` (default `chromium`), `--minutes N` (default 15).
 */

const BROWSERS: Record<string, () => Promise<HiddenTab>> = { chromium: startBareBrowser, firefox: startBareFirefox };
const LOOK_EVERY_MS = 1_000;
const ARRIVES_WITHIN_MS = 10_000;
const TOPIC = 'hidden';

/** Chromium throttles a page's timers after five minutes in the background. The count of ticks shows that it did. */
const WATCH = `(() => {
  const seen = globalThis.seen = { states: [document.visibilityState], ticks: 0 };
  document.addEventListener('visibilitychange', () => seen.states.push(document.visibilityState));
  setInterval(() => { seen.ticks += 1 }, 1000);
})()`;

const { values } = parseArgs({
  options: { browser: { type: 'string', default: 'chromium' }, minutes: { type: 'string', default: '15' } },
});
const start = BROWSERS[values.browser];
if (!start)
  throw new Error(`There is no browser "${values.browser}". Use --browser ${Object.keys(BROWSERS).join(' or ')}.`);
const forMs = Number(values.minutes) * 60_000;

const app = await startApp();
const tab = await start();
try {
  const lab = createFaultClient(app.origin);
  await connectIn(tab, `${app.origin}/`, 'sign in');
  await countIn(tab, TOPIC);
  await tab.hide();
  while ((await tab.evaluate('document.visibilityState')) !== 'hidden') await rest(LOOK_EVERY_MS);
  await tab.evaluate(WATCH);
  const worker = await tab.evaluate('keeper.snapshot.worker.id');
  const { socketsOpened } = await lab.stats();

  const startedAt = performance.now();
  let [looks, without] = [0, 0];
  while (performance.now() - startedAt < forMs) {
    await rest(LOOK_EVERY_MS);
    looks += 1;
    without += Number((await lab.stats()).socketsOpen !== 1);
  }

  // The worker opens another socket only after it lost this one.
  const closes = (await lab.stats()).socketsOpened - socketsOpened;
  const seconds = (performance.now() - startedAt) / 1_000;
  await lab.publish({ topic: TOPIC, count: 1, everyMs: 0 });
  const deadline = performance.now() + ARRIVES_WITHIN_MS;
  while ((await receivedIn(tab)).messages === 0 && performance.now() < deadline) await rest(LOOK_EVERY_MS);
  const { messages } = await receivedIn(tab);
  const same = (await tab.evaluate('keeper.snapshot.worker.id')) === worker;
  const states = String(await tab.evaluate('seen.states.join()'));
  const ticks = Number(await tab.evaluate('seen.ticks'));
  console.log(`${values.browser}, ${seconds.toFixed(0)} s behind another tab; visibilityState: ${states}`);
  console.log(`the page's one-second timer: ${ticks} ticks`);
  console.log(`closes seen by the server: ${closes}; ${without} of ${looks} checks found no open socket`);
  console.log(`the worker is the same: ${same}; a message sent to the hidden tab then arrived: ${messages === 1}`);
  if (closes > 0 || without > 0 || !same || messages !== 1 || states !== 'hidden') process.exitCode = 1;
} finally {
  await tab.close();
  await app.stop();
}
