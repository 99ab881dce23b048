import { test as base } from '@playwright/test';
import { startApp, type App } from '../support/server/app.ts';
import { createFaultClient, type FaultClient } from '../support/server/fault-client.ts';
import { openByPlaywright } from './by-playwright.ts';
import { openByWebDriver } from './by-webdriver.ts';
import type { Engine, EngineName } from './engine.ts';

export type EngineOptions = { engineName: EngineName };
type Lent = EngineOptions & {
  engine: Engine;
  app: App;
  lab: FaultClient;
  /** Console errors that the story expects. */
  expected: RegExp[];
};

/** Console messages about a request that failed or got an error status. */
export const FAILED_REQUEST = /^Failed to load resource|Failed to load ‘http.+Error Response/;

/**
 * Firefox reports each intercepted request that ends with its document, in two ways. The list of devices is on its way when
 * a story leaves the home page at once. The address is empty for files of a document that was not shown yet. The second
 * message is the end of "… respondWith() that rejected with ‘TypeError: NetworkError …’.", as Playwright splits it.
 */
const ENDED_WITH_DOCUMENT = [
  /^uncaught: Failed to load ‘(http\S+\/api\/v1\/sessions)?’\. A ServiceWorker intercepted/,
  /^uncaught: NetworkError when attempting to fetch resource\.’\.$/,
];

/** The annotation of each result, for the matrix of browsers (`scripts/docs/browser-matrix.ts`). */
export const ENGINE_VERSION = 'engine version';

/** Each story has its own server, browser and profile. */
export const test = base.extend<Lent>({
  engineName: ['firefox', { option: true }],
  app: async ({}, use) => {
    const app = await startApp();
    await use(app);
    await app.stop();
  },
  lab: async ({ app }, use) => use(createFaultClient(app.origin)),
  expected: async ({}, use) => use([]),
  engine: async ({ engineName, expected }, use, testInfo) => {
    const engine = engineName === 'webkit' ? await openByWebDriver() : await openByPlaywright(engineName);
    testInfo.annotations.push({ type: ENGINE_VERSION, description: engine.version });
    await use(engine);
    const complaints = engine.complaints() ?? [];
    await engine.close();
    const allowed = [...ENDED_WITH_DOCUMENT, ...expected];
    const unexpected = complaints.filter((text) => !allowed.some((pattern) => pattern.test(text)));
    base.expect(unexpected, 'errors in the console').toEqual([]);
  },
});

export { expect } from '@playwright/test';
