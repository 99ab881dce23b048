import type { BrowserContext, Page } from '@playwright/test';
import { watchDocument, type Undisturbed } from '../../support/browser/document.ts';
import { expect, test } from '../../support/e2e.ts';
import { sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import type { FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce, MODELS } from '../../support/page/page-fetch.ts';
import { SIGN_IN_KINDS, signIn, TOKEN_KINDS } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** Longer than any test, so that only the kill ends the wait. */
const FOR_EVER_MS = 600_000;
const SLOW_MS = 1_500;

const grants = async (lab: FaultClient): Promise<number> => (await lab.stats()).refreshGrants;

/** Expects the same session, which works for requests and for the next refresh. */
const goesOn = async (page: Page, lab: FaultClient, document: Undisturbed): Promise<void> => {
  expect(await fetchOnce(page)).toBe(200);
  const before = await grants(lab);
  await lab.expireTokens();
  expect(await fetchOnce(page)).toBe(200);
  expect(await grants(lab)).toBe(before + 1);
  await expect.poll(() => sessionStateOf(page)).toBe('active');
  await document.expect();
};

/** Resolves when the worker has sent a request for the path. */
const sentByWorker = (context: BrowserContext, path: string): Promise<unknown> =>
  context.waitForEvent('request', (request) => request.serviceWorker() !== null && request.url().endsWith(path));

for (const kind of SIGN_IN_KINDS) {
  test(`answers the next ${kind} request with 200 when the idle worker dies [killed-while-idle]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    const { worker } = await snapshotOf(page);
    const before = await lab.stats();
    await killWorkers(page);
    expect(await fetchOnce(page)).toBe(200);
    await expect.poll(async () => (await snapshotOf(page)).worker.id).not.toBe(worker.id);
    await expect.poll(() => sessionStateOf(page)).toBe('active');
    expect((await lab.stats()).tokenRequests).toBe(before.tokenRequests);
    await document.expect();
  });
}

for (const kind of TOKEN_KINDS) {
  test(`keeps the ${kind} session when the worker dies before the server rotates [killed-before-rotation]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    const before = await lab.stats();
    await lab.add({ at: 'token', kind: 'hang', ms: FOR_EVER_MS });
    await lab.expireTokens();
    const pending = fetchOnce(page);
    await expect.poll(async () => (await lab.stats()).tokenRequests).toBeGreaterThan(before.tokenRequests);
    await lab.clear();
    await killWorkers(page);
    expect(await pending).toBe(200);
    expect(await grants(lab)).toBe(before.refreshGrants + 1);
    await goesOn(page, lab, document);
  });

  test(`keeps the ${kind} session when the worker dies after the server rotated [killed-after-rotation]`, async ({
    page,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    const before = await lab.stats();
    await lab.add({ at: 'token', kind: 'lost', ms: FOR_EVER_MS });
    await lab.expireTokens();
    const pending = fetchOnce(page);
    await expect.poll(() => grants(lab)).toBe(before.refreshGrants + 1);
    await lab.clear();
    await killWorkers(page);
    expect(await pending).toBe(200);
    expect(await grants(lab)).toBe(before.refreshGrants + 2);
    await goesOn(page, lab, document);
  });

  test(`sends a ${kind} request again when the worker dies during it`, async ({ page, context, app, lab }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    await lab.add({ at: 'api', path: '/api/v1/llm/models', kind: 'slow', ms: SLOW_MS, times: 1 });
    const sent = sentByWorker(context, MODELS);
    const pending = fetchOnce(page);
    await sent;
    await killWorkers(page);
    expect(await pending).toBe(200);
    await goesOn(page, lab, document);
  });

  test(`stores a note of a ${kind} session once when the worker dies during the request`, async ({
    page,
    context,
    app,
    lab,
  }) => {
    await signIn(page, app.origin, kind);
    const document = await watchDocument(page);
    const text = `written once by ${kind}`;
    await lab.add({ at: 'api', path: '/api/v1/notes', method: 'POST', kind: 'lost', ms: FOR_EVER_MS, times: 1 });
    const sent = sentByWorker(context, '/api/v1/notes');
    const pending = page.evaluate(async (words) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ text: words });
      return (await window.keeper.fetch('/api/v1/notes', { method: 'POST', headers, body })).status;
    }, text);
    await sent;
    await killWorkers(page);
    expect(await pending).toBe(201);
    const notes = await page.evaluate(async () => (await fetch('/api/v1/notes')).text());
    expect(notes.split(text)).toHaveLength(2);
    await goesOn(page, lab, document);
  });
}
