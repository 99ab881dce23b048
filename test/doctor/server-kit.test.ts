import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBrowser } from '../../scripts/browsers/find-browser.ts';
import { startTestServer, temporaryDir, type TestServer } from '../server/support/start.ts';
import { reportOn, troubles } from './support/run.ts';
import { WORKER_CODE } from './support/site.ts';

const DEMO = { username: 'demo', password: 'demo' };
const folder = temporaryDir();
const dist = join(folder.dir, 'dist');
let server: TestServer;

/** The real server with a minimal application. The doctor examines its headers, its API and its provider. */
beforeAll(async () => {
  mkdirSync(dist);
  writeFileSync(
    join(dist, 'index.html'),
    '<!doctype html><title>App</title><link rel="icon" href="data:,"><script src="/app.js"></script>',
  );
  const policy = "trustedTypes.createPolicy('session-keeper', { createScriptURL: (url) => url })";
  writeFileSync(join(dist, 'app.js'), `navigator.serviceWorker.register(${policy}.createScriptURL('/sw.js'));`);
  writeFileSync(join(dist, 'sw.js'), WORKER_CODE);
  writeFileSync(join(dist, 'keeper-pulse.js'), "fetch('__keeper/pulse')");
  server = await startTestServer({ distDir: dist, faultRoutes: false, deviceBoundSeconds: 300 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

describe('embedded server', () => {
  test('passes every check, and none is skipped', { timeout: 90_000 }, async () => {
    const browser = { type: 'path', path: ensureBrowser().path } as const;
    const report = await reportOn({ origin: server.url }, { account: DEMO, apiKey: 'demo-key', browser });
    expect(troubles(report)).toEqual([]);
    expect(report.counts).toMatchObject({ fail: 0, skipped: 0 });
  });

  test('gets a warning when its fault routes are open', async () => {
    const open = await startTestServer({ distDir: dist });
    try {
      const report = await reportOn({ origin: open.url });
      expect(troubles(report)).toContain('lab warn: /lab/log answers with the request log');
    } finally {
      await open.stop();
    }
  });

  test('has no session left after the test sign-in', async () => {
    const report = await reportOn({ origin: server.url }, { account: DEMO });
    expect(report.checks.find(({ id }) => id === 'sign-out')).toMatchObject({ verdict: 'ok' });
    expect(JSON.stringify(report)).not.toMatch(/pw[ar]_/);
  });
});
