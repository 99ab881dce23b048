import { startApp } from '../../test/support/server/app.ts';
import { startBareBrowser } from '../../test/support/browser/bare-browser.ts';
import { createFaultClient } from '../../test/support/server/fault-client.ts';
import { soak } from '../../test/support/load/soak.ts';

/** Runs test/support/load/soak.ts for `--seconds N` (default 600). */
const DEFAULT_SECONDS = 600;

const [, , option, value] = process.argv;
const seconds = option === '--seconds' ? Number(value) : DEFAULT_SECONDS;
const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const app = await startApp();
const browser = await startBareBrowser();
try {
  const { sent, kills, ms, caughtUpMs, tabs } = await soak(browser, app.origin, createFaultClient(app.origin), seconds);
  console.log(
    `${sent} messages, ${kills} kills, ${inSeconds(ms)}; all arrived ${inSeconds(caughtUpMs)} after the last one was sent`,
  );
  for (const [index, { messages, missing, inOrder, acked, refused }] of tabs.entries()) {
    console.log(
      `tab ${index + 1}: ${messages} received, ${missing} missing, in order: ${inOrder}; ${acked} of its own acknowledged, ${refused} rejected`,
    );
    if (messages !== sent || missing > 0 || !inOrder || refused > 0) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await app.stop();
}
