import type { BrowserContext, Request } from '@playwright/test';
import { test as base } from './browser/crashes.ts';
import { startApp, type App } from './server/app.ts';
import { expect } from './browser/expect.ts';
import { hadWorkersKilled } from './browser/worker-kill.ts';
import { createFaultClient, type FaultClient } from './server/fault-client.ts';

/** Console errors and uncaught errors of a context. A test fails on each that it did not expect. */
export type Complaints = {
  /** Allows errors that match. */
  expect(...patterns: readonly RegExp[]): void;
  /** Watches another context than the test's own. */
  watch(context: BrowserContext): void;
  unexpected(): readonly string[];
};

/**
 * The app's home page loads the list of devices last. A sign-out, or another session from a native bridge, ends requests that
 * are on their way. So no page gets the answer for another user. The browser reports that.
 */
const ENDED_WITH_SESSION = /net::ERR_FAILED \(\S+\/api\/v1\/sessions\)$/;
/** The app loads its other pages after the sign-in, and asks again for a file whose worker was killed before it answered. */
const ENDED_WITH_WORKER = /net::ERR_FAILED \(\S+\/assets\/[^/]+\.js\)$/;

const createComplaints = (): Complaints => {
  const found: string[] = [];
  const expected: RegExp[] = [ENDED_WITH_SESSION];
  return {
    expect: (...patterns) => void expected.push(...patterns),
    watch(context) {
      context.on('weberror', (error) => found.push(`uncaught: ${error.error().message}`));
      context.on('console', (message) => {
        if (message.type() !== 'error') return;
        const text = `${message.text()} (${message.location().url})`;
        if (!hadWorkersKilled(context) || !ENDED_WITH_WORKER.test(text)) found.push(text);
      });
    },
    unexpected: () => found.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
};

/** Records requests and console messages of a context. A failed test attaches them. */
const keepDiary = (context: BrowserContext): (() => string) => {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(`${new Date().toISOString()} ${line}`);
  const about = (request: Request, what: string): void =>
    note(`${request.serviceWorker() ? 'worker' : 'page'} ${request.method()} ${request.url()} ${what}`);
  context.on('request', (request) => about(request, 'sent'));
  context.on('response', (response) => about(response.request(), String(response.status())));
  context.on('requestfailed', (request) => about(request, request.failure()?.errorText ?? 'failed'));
  context.on('console', (message) => note(`${message.type()}: ${message.text()}`));
  return () => lines.join('\n');
};

/** The browser's console message about a failed request. */
export const FAILED_REQUEST = /^Failed to load resource/;
/** The same about a socket that did not open. */
export const FAILED_SOCKET = /^WebSocket connection to .* failed/;

const DEFAULT_LIFETIMES = { accessSeconds: 300, refreshSeconds: 14 * 24 * 60 * 60 };

export type Lent = {
  lab: FaultClient;
  complaints: Complaints;
  /**
   * Runs this after the test, and after its console was judged: a server that stops under an open page makes errors there.
   * The last one runs first.
   */
  afterwards(close: () => Promise<unknown>): void;
};

/** Resets the server to its state at the start, for the next test. */
const reset = (lab: FaultClient): Promise<unknown> =>
  Promise.all([lab.clear(), lab.clearLog(), lab.setClockSkew(0), lab.setLifetimes(DEFAULT_LIFETIMES)]);

/** Tests against the real server: one for each process of the runner, reset after each test. */
export const test = base.extend<Lent, { app: App }>({
  app: [
    async ({}, use) => {
      const app = await startApp();
      await use(app);
      await app.stop();
    },
    { scope: 'worker' },
  ],
  lab: async ({ app }, use, info) => {
    const lab = createFaultClient(app.origin);
    await use(lab);
    if (info.status !== info.expectedStatus) {
      const server = { stats: await lab.stats(), log: await lab.log() };
      await info.attach('server', { body: JSON.stringify(server, undefined, 1), contentType: 'application/json' });
    }
    await reset(lab);
  },
  afterwards: async ({}, use) => {
    const steps: (() => Promise<unknown>)[] = [];
    await use((close) => void steps.unshift(close));
    for (const close of steps) await close();
  },
  complaints: [
    // `afterwards` is named here, so that it ends later.
    async ({ context, afterwards: _after }, use, info) => {
      const complaints = createComplaints();
      complaints.watch(context);
      const diary = keepDiary(context);
      await use(complaints);
      if (info.status !== info.expectedStatus || complaints.unexpected().length > 0)
        await info.attach('diary', { body: diary(), contentType: 'text/plain' });
      expect(complaints.unexpected(), 'errors in the console').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
