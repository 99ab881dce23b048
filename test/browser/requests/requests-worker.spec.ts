import type { BrowserContext, Page } from '@playwright/test';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { hitsOn, checkRow, wordsFor } from '../../support/page/requests.ts';
import { signIn } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** Longer than any test, so that only the test's own action ends the wait. */
const FOR_EVER_MS = 600_000;
/** Long enough for a page to abort in time on a slow machine. */
const SLOW_MS = 2_000;
const MODELS_PATH = '/api/v1/llm/models';
const MODELS = /\/llm\/models$/;
const NOTES = /\/notes$/;
const DOWNLOAD = /\/media\/download$/;

const words = async (lab: FaultClient, path: RegExp, count: number): Promise<string[]> =>
  (await hitsOn(lab, path, count)).map((hit) => wordsFor(hit));

/** Resolves when the worker has sent a request for a matching path. */
const sentByWorker = (context: BrowserContext, path: RegExp): Promise<unknown> =>
  context.waitForEvent('request', (request) => request.serviceWorker() !== null && path.test(request.url()));

test.beforeEach(async ({ page, app, lab, complaints }) => {
  complaints.expect(FAILED_REQUEST);
  await signIn(page, app.origin, 'password');
  await lab.clearLog();
});

test('starts a stopped worker and sends no request before that', async ({ page, app, lab }) => {
  await killWorkers(page);
  const status = await page.evaluate(async () => (await fetch('/api/v1/llm/models')).status);
  const fetched = await words(lab, MODELS, 1);
  await checkRow({ kind: 'the worker is not running: `fetch`', server: fetched, caller: String(status) });

  await killWorkers(page);
  await page.evaluate(async () => {
    const image = new Image();
    image.src = '/api/v1/media/picture.png';
    await image.decode();
  });
  const shown = await words(lab, /\/picture\.png$/, 1);
  await checkRow({ kind: 'the worker is not running: `<img>`', server: shown, caller: 'the picture' });

  await lab.clearLog();
  await killWorkers(page);
  const response = await page.goto(`${app.origin}/api/v1/llm/models`);
  const gone = await words(lab, MODELS, 1);
  const caller = `the page of the ${response?.status()}`;
  await checkRow({ kind: 'the worker is not running: a navigation', server: gone, caller });
});

test('sends a pending GET again when the worker dies', async ({ page, context, lab }) => {
  await lab.add({ at: 'api', path: MODELS_PATH, kind: 'hang', ms: FOR_EVER_MS, times: 1 });
  const sent = sentByWorker(context, MODELS);
  const pending = page.evaluate(async () => (await fetch('/api/v1/llm/models')).status);
  await sent;
  await killWorkers(page);
  const caller = String(await pending);
  await checkRow({ kind: 'the worker dies under a GET', server: await words(lab, MODELS, 2), caller });
});

const notesOf = (page: Page, text: string): Promise<number> =>
  page.evaluate(async (word) => (await (await fetch('/api/v1/notes')).text()).split(word).length - 1, text);

const POSTS = [
  { kind: 'the worker dies under a POST of plain `fetch`', by: 'window', stored: 2 },
  { kind: 'the worker dies under a POST of `keeper.fetch`', by: 'keeper', stored: 1 },
] as const;

for (const { kind, by, stored } of POSTS) {
  test(`${kind}: stored ${stored} times`, async ({ page, context, lab }) => {
    const text = `sent by ${by} ${stored}`;
    await lab.add({ at: 'api', path: '/api/v1/notes', method: 'POST', kind: 'lost', ms: FOR_EVER_MS, times: 1 });
    const sent = sentByWorker(context, NOTES);
    const pending = page.evaluate(
      async ([who, word]) => {
        const body = JSON.stringify({ text: word });
        return (await window[who].fetch('/api/v1/notes', { method: 'POST', body })).status;
      },
      [by, text] as const,
    );
    await sent;
    await expect.poll(() => notesOf(page, text)).toBe(1);
    await killWorkers(page);
    const status = await pending;
    expect(await notesOf(page, text)).toBe(stored);
    const posts = await hitsOn(lab, NOTES, 2, 'POST');
    const keys = new Set(posts.map(({ headers }) => headers['idempotency-key']));
    expect(keys.size).toBe(1);
    const caller = `${status}; the server did it ${stored === 1 ? 'once' : 'twice'}`;
    await checkRow({ kind, server: posts.map((hit) => wordsFor(hit)), caller });
  });
}

/** Starts the long download and reads one piece of it. After a call of `end` it returns how the rest ended. */
const beginDownload = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const controller = new AbortController();
    const { body } = await fetch('/api/v1/media/download', { signal: controller.signal });
    const reader = body!.getReader();
    await reader.read();
    const drain = async (): Promise<string> => {
      try {
        while (!(await reader.read()).done);
        return 'all of it';
      } catch (error) {
        return `200, then \`${(error as Error).name}\``;
      }
    };
    Object.assign(window, { drain, stop: () => controller.abort() });
  });
declare global {
  interface Window {
    drain(): Promise<string>;
  }
}

test('aborts a response when its worker dies', async ({ page, lab }) => {
  await beginDownload(page);
  await killWorkers(page);
  const caller = await page.evaluate(() => window.drain());
  await checkRow({ kind: 'the worker dies under the answer’s body', server: await words(lab, DOWNLOAD, 1), caller });
});

test('stops a response on the server when the page aborts it', async ({ page, lab }) => {
  await beginDownload(page);
  const caller = await page.evaluate(() => {
    window.stop();
    return window.drain();
  });
  await checkRow({ kind: 'aborted after the headers', server: await words(lab, DOWNLOAD, 1), caller });
});

/** Aborts when the worker has sent the request. Returns the result of the caller. */
const abortOnceSent = async (page: Page, context: BrowserContext, by: 'window' | 'keeper'): Promise<string> => {
  const sent = sentByWorker(context, MODELS);
  const pending = page.evaluate(async (who) => {
    const controller = new AbortController();
    Object.assign(window, { controller });
    return window[who].fetch('/api/v1/llm/models', { signal: controller.signal }).then(
      ({ status }) => String(status),
      (error: Error) => `\`${error.name}\``,
    );
  }, by);
  await sent;
  await page.evaluate(() => (window as unknown as { controller: AbortController }).controller.abort());
  return pending;
};

test('does not stop a plain fetch on the server when the page aborts it before the headers', async ({
  page,
  context,
  lab,
}) => {
  await lab.add({ at: 'api', path: MODELS_PATH, kind: 'slow', ms: SLOW_MS, times: 1 });
  const caller = await abortOnceSent(page, context, 'window');
  await checkRow({ kind: 'aborted before the headers, plain `fetch`', server: await words(lab, MODELS, 1), caller });
});

test('stops a keeper.fetch on the server when the page aborts it before the headers', async ({
  page,
  context,
  lab,
}) => {
  await lab.add({ at: 'api', path: MODELS_PATH, kind: 'hang', ms: FOR_EVER_MS, times: 1 });
  const caller = await abortOnceSent(page, context, 'keeper');
  const hits = await hitsOn(lab, MODELS, 1);
  expect(hits.map(({ headers }) => headers['keeper-request'])).toEqual([undefined]);
  const server = hits.map((hit) => wordsFor(hit));
  await checkRow({ kind: 'aborted before the headers, `keeper.fetch`', server, caller });
});
