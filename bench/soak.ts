import { startApp } from '../test/support/server/app.ts';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { createFaultClient } from '../test/support/server/fault-client.ts';
import { soak } from '../test/support/load/soak.ts';

/** What test/support/load/soak.ts does, for `--seconds N`; ten minutes unless told otherwise. */
const DEFAULT_SECONDS = 600;

const [, , option, value] = process.argv;
const seconds = option === '--seconds' ? Number(value) : DEFAULT_SECONDS;
const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const app = await startApp();
const browser = await startBareBrowser();
try {
  const { sent, kills, ms, caughtUpMs, tabs } = await soak(browser, app.origin, createFaultClient(app.origin), seconds);
  console.log(
    `${sent} messages, ${kills} kills, ${inSeconds(ms)}; all had come ${inSeconds(caughtUpMs)} after the last`,
  );
  for (const [index, { messages, missing, inOrder, acked, refused }] of tabs.entries()) {
    console.log(
      `tab ${index + 1}: ${messages} told, ${missing} missing, in order: ${inOrder}; ${acked} of its own acknowledged, ${refused} refused`,
    );
    if (messages !== sent || missing > 0 || !inOrder || refused > 0) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await app.stop();
}
