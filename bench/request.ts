import { chromium } from '@playwright/test';
import { startApp } from '../test/support/server/app.ts';
import { launchOptions } from '../test/support/browser/browser.ts';
import { requestCost, workerOf, type RequestCost } from '../test/support/load/request-cost.ts';
import { signIn, TOKEN_KINDS } from '../test/support/page/sign-in.ts';

/*
 * Measures how long the worker's own code takes for an authorized request with a valid token, in a real browser. It adds
 * the time from the fetch event to the outgoing request, and from the response to `respondWith`.
 * test/browser/requests/request-cost.spec.ts holds the bound.
 */

const REQUESTS = 5_000;

const row = (name: string, { p50Ms, p95Ms, bareP50Ms }: RequestCost): string =>
  [name.padEnd(10), ...[p50Ms, p95Ms, bareP50Ms].map((ms) => `${(ms * 1_000).toFixed(0)} µs`.padStart(10))].join('');

const app = await startApp();
const browser = await chromium.launch(launchOptions());
try {
  console.log(`${'token'.padEnd(10)}${'p50'.padStart(10)}${'p95'.padStart(10)}${'bare p50'.padStart(10)}`);
  for (const kind of TOKEN_KINDS) {
    const context = await browser.newContext();
    await signIn(await context.newPage(), app.origin, kind);
    const worker = workerOf(context.serviceWorkers(), app.origin);
    // tsx names functions with a helper that the browser lacks (https://github.com/privatenumber/tsx/issues/113).
    await worker.evaluate('self.__name = (named) => named');
    const cost = await requestCost(worker, REQUESTS);
    console.log(row(cost.schemes.join(), cost));
    await context.close();
  }
  console.log(`${REQUESTS} requests each, timed in batches; bare: the same requests without the keeper.`);
} finally {
  await browser.close();
  await app.stop();
}
