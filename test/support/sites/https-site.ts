import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startServer } from '../../../server/server.ts';
import { startApp } from '../server/app.ts';
import { launchOptions } from '../browser/browser.ts';
import { launchBrowser } from '../browser/crashes.ts';
import { createFaultClient, type FaultClient } from '../server/fault-client.ts';
import { createCertificate, type Certificate } from '../../../lab/proxy/http/certificate.ts';
import { startTlsProxy, type TlsProxy } from '../server/tls-proxy.ts';
import { TEST_SECRET } from '../server/test-secret.ts';

/** Two sites whose names resolve to loopback everywhere (RFC 6761 §6.3). */
const APP_HOST = 'app.localhost';
const PROVIDER_HOST = 'id.localhost';

/** A proxy terminates TLS and speaks HTTP/2. */
export type HttpsSite = {
  readonly origin: string;
  readonly proxy: TlsProxy;
  /** Trusts this site's certificate. */
  readonly browser: Browser;
  stop(): Promise<void>;
};

type Front = { origin: string; proxies: readonly TlsProxy[]; stop(): Promise<void> };

/** Starts one proxy for each port of the server. Stops all of them, and the server, when one cannot start. */
const openProxies = async (
  certificate: Certificate,
  ports: readonly { front: number; backend: number }[],
  stopServer: () => Promise<void>,
): Promise<Pick<Front, 'proxies' | 'stop'>> => {
  const proxies: TlsProxy[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await stopServer();
  };
  try {
    for (const { front, backend } of ports) proxies.push(await startTlsProxy(certificate, front, backend));
    return { proxies, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** As in production: the app and its provider are two sites with public origins. */
const startPublicFront = async (certificate: Certificate, port: number): Promise<Front> => {
  const origin = `https://${APP_HOST}:${port}`;
  const env = { PUBLIC_ORIGIN: origin, PUBLIC_ISSUER: `https://${PROVIDER_HOST}:${port + 1}` };
  const app = await startApp({ env, faultRoutes: false });
  const backend = Number(new URL(app.origin).port);
  const ports = [0, 1].map((offset) => ({ front: port + offset, backend: backend + offset }));
  return { origin, ...(await openProxies(certificate, ports, () => app.stop())) };
};

/** A server without a public origin, because the fault routes are off with one. */
const startLabFront = async (certificate: Certificate, port: number): Promise<Front & { local: string }> => {
  const origin = `https://localhost:${port}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-data-'));
  const app = await startServer({ port: 0, dataDir, secret: TEST_SECRET, faultRoutes: true, devOrigin: origin });
  const local = app.local.app;
  const ports = [{ front: port, backend: Number(new URL(local).port) }];
  const stop = async (): Promise<void> => {
    await app.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { origin, local, ...(await openProxies(certificate, ports, stop)) };
};

const openSite = async <T extends Front>(
  hosts: readonly string[],
  start: (certificate: Certificate, port: number) => Promise<T>,
): Promise<{ front: T; site: HttpsSite }> => {
  const certificate = await createCertificate(...hosts);
  const front = await withFreePortPair((port) => start(certificate, port));
  const [proxy] = front.proxies;
  if (!proxy) throw new Error('The site has no proxy.');
  const { args, executablePath } = launchOptions();
  const trusting = [...args, `--ignore-certificate-errors-spki-list=${certificate.spki}`];
  const browser = await launchBrowser({ executablePath, args: trusting });
  const stop = async (): Promise<void> => {
    await browser.close();
    await front.stop();
  };
  return { front, site: { origin: front.origin, proxy, browser, stop } };
};

/** As in production: the app and its provider are two sites. */
export const startHttpsSite = async (): Promise<HttpsSite> =>
  (await openSite([APP_HOST, PROVIDER_HOST], startPublicFront)).site;

/** One site on `localhost`, with the fault routes of its server. */
export const startHttpsLab = async (): Promise<HttpsSite & { readonly faults: FaultClient }> => {
  const { front, site } = await openSite(['localhost'], startLabFront);
  return { ...site, faults: createFaultClient(front.local) };
};
