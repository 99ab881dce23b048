import { setTimeout as rest } from 'node:timers/promises';
import { startBareBrowser } from '../../support/browser/bare-browser.ts';
import { expect, test } from '../../support/e2e.ts';

/** Chromium stops a worker 30.0 s after its last event, even if it has an open socket (measured). */
const LONGER_THAN_A_WORKER_LIVES_MS = 40_000;

const CONNECT = `import('/keeper.js').then(async ({ connect }) => { globalThis.keeper = await connect({ worker: '/sw.js' }) })`;
const SIGN_IN = `keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })`;
const SOCKET = `keeper.snapshot.sockets['/api/socket']?.state`;
const RECEIVED = `(globalThis.received ??= (() => {
  const received = [];
  void (async () => { for await (const { data } of keeper.channel('idle')) received.push(data) })();
  return received;
})())`;

test('keeps the worker and the socket of a hidden tab without a debugger', { tag: '@waits' }, async ({ app, lab }) => {
  test.setTimeout(120_000);
  const browser = await startBareBrowser();
  try {
    await browser.goto(`${app.origin}/`);
    await browser.evaluate(CONNECT);
    expect(await browser.evaluate(SIGN_IN)).toMatchObject({ ok: true });
    await expect.poll(() => browser.evaluate(SOCKET)).toBe('open');
    await browser.evaluate(`void ${RECEIVED}`);
    await browser.evaluate(`keeper.channel('idle').publish('before')`);
    await expect.poll(() => browser.evaluate(RECEIVED)).toEqual(['before']);
    await browser.hide();
    await expect.poll(() => browser.evaluate('document.visibilityState')).toBe('hidden');
    const worker = await browser.evaluate('keeper.snapshot.worker');
    const { socketsOpened } = await lab.stats();

    // The test measures what happens without any event, so it waits for none.
    await rest(LONGER_THAN_A_WORKER_LIVES_MS);

    expect(await lab.stats()).toMatchObject({ socketsOpen: 1, socketsOpened });
    await lab.publish({ topic: 'idle', count: 1, everyMs: 0 });
    await expect.poll(() => browser.evaluate(RECEIVED)).toEqual(['before', { n: 1 }]);
    expect(await browser.evaluate('keeper.snapshot.worker')).toEqual(worker);
    expect(await browser.evaluate(`fetch('/api/v1/llm/models').then(({ status }) => status)`)).toBe(200);
  } finally {
    await browser.close();
  }
});
