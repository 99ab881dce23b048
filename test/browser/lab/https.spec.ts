import { once } from 'node:events';
import { createServer } from 'node:https';
import { seededChance } from '../../../lab/base/chance.ts';
import { startLabChromium } from '../../../lab/browser/lab-chromium.ts';
import { createCertificate } from '../../../lab/proxy/http/certificate.ts';
import { startNetwork } from '../../../lab/proxy/network.ts';
import { launchOptions } from '../../support/browser/browser.ts';
import { expect, test } from '../../support/e2e.ts';

const WORKER = `addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => { if (event.request.url.endsWith('/now')) event.respondWith(new Response(String(Date.now()))); });`;
const PAGE =
  '<!doctype html><title>Secure</title><h1>Secure</h1><script>navigator.serviceWorker.register("/sw.js")</script>';
const HOUR = 3_600_000;

test('reads an encrypted site with a worker, and shifts the clocks and timers of both', async () => {
  const { key, cert } = await createCertificate('localhost');
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const isWorker = incoming.url === '/sw.js';
    outgoing
      .writeHead(200, { 'content-type': isWorker ? 'text/javascript' : 'text/html' })
      .end(isWorker ? WORKER : PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `https://localhost:${typeof address === 'object' && address ? address.port : 0}`;
  const certificate = await createCertificate('lab.invalid');
  const network = await startNetwork({
    ...{ route: { type: 'socks' }, protocol: 'http', chance: seededChance(1), certificate, trust: 'any' },
    allows: (host) => host === 'localhost',
  });
  const { executablePath } = launchOptions();
  const browser = await startLabChromium({ executablePath, proxy: network.address, spki: certificate.spki });
  try {
    const page = browser.page();
    await page.goto(origin);
    await page.waitForFunction('navigator.serviceWorker.controller !== null');
    const clocks = async (): Promise<number[]> =>
      page.evaluate(async () =>
        [Date.now(), Number(await (await fetch('/now')).text())].map((now) => now - performance.timeOrigin),
      );
    for (const ahead of await clocks()) expect(ahead).toBeLessThan(HOUR);
    const fired = page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms, 'fired')), HOUR);
    await browser.setClockOffset(2 * HOUR);
    expect(await fired).toBe('fired');
    await browser.killWorkers();
    for (const ahead of await clocks()) expect(ahead).toBeGreaterThan(2 * HOUR);
    network.faults.add({
      match: { kinds: ['document'] },
      action: { type: 'status', status: 503, body: 'broken by the lab' },
    });
    await page.goto(`${origin}/other`);
    await expect(page.getByText('broken by the lab')).toBeVisible();
    const seen = network.log.since(0).flatMap((record) => (record.type === 'exchange' ? [record.url] : []));
    expect(seen).toContain(`${origin}/sw.js`);
  } finally {
    await browser.close();
    await network.stop();
    server.close();
  }
});
