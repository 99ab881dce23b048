import type { BrowserContext, Request } from '@playwright/test';
import { test as base } from './browser/crashes.ts';
import { startApp, type App } from './server/app.ts';
import { expect } from './browser/expect.ts';
import { createFaultClient, type FaultClient } from './server/fault-client.ts';

/** What the consoles and the scripts of a context complained about. A test fails on what it did not expect. */
export type Complaints = {
  /** From now on such complaints are part of the test. */
  expect(...patterns: readonly RegExp[]): void;
  /** Listens to a context besides the test's own one. */
  watch(context: BrowserContext): void;
  unexpected(): readonly string[];
};

const createComplaints = (): Complaints => {
  const found: string[] = [];
  const expected: RegExp[] = [];
  return {
    expect: (...patterns) => void expected.push(...patterns),
    watch(context) {
      context.on('weberror', (error) => found.push(`uncaught: ${error.error().message}`));
      context.on('console', (message) => {
        if (message.type() === 'error') found.push(`${message.text()} (${message.location().url})`);
      });
    },
    unexpected: () => found.filter((text) => !expected.some((pattern) => pattern.test(text))),
  };
};

/** What went over the wire and onto the consoles of a context, for whoever has to find out why a test failed. */
const keepDiary = (context: BrowserContext): (() => string) => {
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(`${new Date().toISOString()} ${line}`);
  const about = (request: Request, what: string): void =>
    note(`${request.serviceWorker() ? 'worker' : 'page'} ${request.method()} ${request.url()} ${what}`);
  context.on('request', (request) => about(request, 'asked'));
  context.on('response', (response) => about(response.request(), String(response.status())));
  context.on('requestfailed', (request) => about(request, request.failure()?.errorText ?? 'failed'));
  context.on('console', (message) => note(`${message.type()}: ${message.text()}`));
  return () => lines.join('\n');
};

/** What a browser itself says about a request that the test had fail. */
export const FAILED_REQUEST = /^Failed to load resource/;
/** A socket that did not open, or a connection that was refused. */
export const FAILED_SOCKET = /^WebSocket connection to .* failed/;

const DEFAULT_LIFETIMES = { accessSeconds: 300, refreshSeconds: 14 * 24 * 60 * 60 };

export type Lent = { lab: FaultClient; complaints: Complaints };

/** As a server starts; whoever has it next, with or without a lab, finds nothing of what was done to it. */
const putBack = (lab: FaultClient): Promise<unknown> =>
  Promise.all([lab.clear(), lab.clearLog(), lab.setClockSkew(0), lab.setLifetimes(DEFAULT_LIFETIMES)]);

/** Tests against the real server: one for each process of the runner, with everything put back after each test. */
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
      const heard = { stats: await lab.stats(), log: await lab.log() };
      await info.attach('server', { body: JSON.stringify(heard, undefined, 1), contentType: 'application/json' });
    }
    await putBack(lab);
  },
  complaints: [
    async ({ context }, use, info) => {
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
