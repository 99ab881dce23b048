import { describe, expect, test } from 'vitest';
import { ensureBrowser } from '../../scripts/browsers/find-browser.ts';
import type { Finding } from '../../cli/doctor/checks/check.ts';
import { check, type Given } from './support/run.ts';
import { html, INSTALL_COOKIE, script, workerHeaders, type Handler, type Plan } from './support/site.ts';

/** Long, because a busy machine starts Chromium slowly. A page without a controller uses up all of it. */
const PATIENCE_MS = 20_000;
const SHORT_PATIENCE_MS = 8_000;
const BROWSER: Given = { browser: { type: 'path', path: ensureBrowser().path }, timeoutMs: PATIENCE_MS };
const TEST_TIMEOUT_MS = 90_000;

const look = (id: string, spoilt: Partial<Plan> = {}, given: Given = BROWSER): Promise<Finding> =>
  check(id, spoilt, given);
const briefly: Given = { ...BROWSER, timeoutMs: SHORT_PATIENCE_MS };
const code =
  (body: string): Handler =>
  () => ({ headers: { 'content-type': 'text/javascript' }, body });

describe('doctor in a real browser', { timeout: TEST_TIMEOUT_MS }, () => {
  test.each([
    'browser-registers',
    'browser-controls',
    'browser-keeper',
    'browser-others',
    'browser-worker-errors',
    'browser-console',
  ])('passes %s when the page is correct', async (id) => {
    expect(await look(id)).toMatchObject({ verdict: 'ok' });
  });

  // Both wait for a controller that never comes, so they run side by side.
  test.concurrent('fails when the page registers no worker', async () => {
    const spoilt = { asset: code('') };
    expect(await look('browser-registers', spoilt, briefly)).toMatchObject({
      verdict: 'fail',
      found: 'no worker became active',
      fix: expect.stringContaining("connect({ worker: '/sw.js' })") as unknown,
    });
  });

  test.concurrent('fails when the worker does not claim the page', async () => {
    const worker: Handler = (_request, site) => ({
      headers: workerHeaders(site),
      body: script(site).split('\n')[0] ?? '',
    });
    expect(await look('browser-controls', { worker }, briefly)).toMatchObject({
      verdict: 'fail',
      found: 'nothing controls the page',
      fix: expect.stringContaining('scope') as unknown,
    });
  });

  test('fails when another worker has the same scope', async () => {
    const asset: Handler = ({ url }) =>
      url.pathname === '/other.js'
        ? {
            headers: { 'content-type': 'text/javascript' },
            body: "addEventListener('activate', (e) => e.waitUntil(clients.claim()));",
          }
        : { headers: { 'content-type': 'text/javascript' }, body: "navigator.serviceWorker.register('/other.js');" };
    expect(await look('browser-others', { asset })).toMatchObject({
      verdict: 'fail',
      found: expect.stringMatching(/^\/other\.js is registered for http/) as unknown,
      fix: expect.stringContaining('importScripts') as unknown,
    });
    expect(await look('browser-controls', { asset })).toMatchObject({
      verdict: 'fail',
      found: '/other.js controls it',
    });
  });

  test('fails when the worker that controls the page is no keeper, or answers after another listener', async () => {
    const worker: Handler = (_request, site) => ({
      headers: workerHeaders(site),
      body: `${script(site).split('\n')[0]}\naddEventListener('activate', (event) => event.waitUntil(clients.claim()));`,
    });
    expect(await look('browser-keeper', { worker })).toMatchObject({
      verdict: 'fail',
      found: expect.stringMatching(/^http:.*\/sw\.js controls the page, and is no keeper/) as unknown,
    });
  });

  test('names file and line when the worker throws', async () => {
    const worker: Handler = (_request, site) => ({
      headers: workerHeaders(site),
      body: `${script(site)}\nnull.nothing;`,
    });
    expect(await look('browser-worker-errors', { worker }, briefly)).toMatchObject({
      verdict: 'fail',
      found: expect.stringMatching(/TypeError.*\(http:.*\/sw\.js:\d+\)$/) as unknown,
    });
  });

  test('fails when the page throws at start', async () => {
    const spoilt = { asset: code("navigator.serviceWorker.register('/sw.js'); throw new Error('torn');") };
    expect(await look('browser-console', spoilt)).toMatchObject({
      verdict: 'fail',
      found: '1 error, among them: uncaught: torn',
      fix: expect.stringContaining('console') as unknown,
    });
  });

  test('fails when the policy blocks a script', async () => {
    const page: Handler = (_request, site) => ({
      ...html(site, { 'set-cookie': INSTALL_COOKIE }),
      body: '<script>1</script><script src="/app.js"></script>',
    });
    expect(await look('browser-console', { page })).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('Content Security Policy') as unknown,
    });
  });

  test('warns when a file is missing', async () => {
    const spoilt = { asset: code("navigator.serviceWorker.register('/sw.js'); fetch('/nowhere');") };
    expect(await look('browser-console', spoilt)).toMatchObject({
      verdict: 'warn',
      found: expect.stringContaining('404') as unknown,
    });
  });

  test('fails when no browser is at the given path', async () => {
    const nowhere: Given = { ...BROWSER, browser: { type: 'path', path: '/nowhere/chromium' } };
    expect(await check('browser-registers', {}, nowhere)).toMatchObject({
      verdict: 'fail',
      found: expect.stringContaining('/nowhere/chromium') as unknown,
    });
    expect(await check('browser-console', {}, nowhere)).toMatchObject({ verdict: 'skipped' });
  });
});
