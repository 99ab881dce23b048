import type { Browser } from '@playwright/test';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startApp, type App } from '../server/app.ts';
import { launchOptions } from '../browser/browser.ts';
import { launchBrowser } from '../browser/crashes.ts';
import { createFaultClient, type FaultClient } from '../server/fault-client.ts';
import { createCertificate, type Certificate } from '../../../lab/proxy/http/certificate.ts';
import { startTlsProxy, type TlsProxy } from '../server/tls-proxy.ts';

/** Two sites whose names resolve to loopback everywhere (RFC 6761 §6.3). */
const APP_HOST = 'app.localhost';
const PROVIDER_HOST = 'id.localhost';

/** As in production: a proxy terminates TLS and speaks HTTP/2, and the app and its provider are two sites. */
export type HttpsSite = {
  readonly origin: string;
  readonly proxy: TlsProxy;
  /** Trusts this site's certificate. */
  readonly browser: Browser;
  readonly faults: FaultClient;
  stop(): Promise<void>;
};

type Front = { origin: string; app: App; proxies: readonly [TlsProxy, TlsProxy] };

const startFront = async (certificate: Certificate, port: number): Promise<Front> => {
  const origin = `https://${APP_HOST}:${port}`;
  const env = { PUBLIC_ORIGIN: origin, PUBLIC_ISSUER: `https://${PROVIDER_HOST}:${port + 1}` };
  const app = await startApp({ env });
  const backend = Number(new URL(app.origin).port);
  const opened: TlsProxy[] = [];
  const open = async (offset: number): Promise<TlsProxy> => {
    const proxy = await startTlsProxy(certificate, port + offset, backend + offset);
    opened.push(proxy);
    return proxy;
  };
  try {
    return { origin, app, proxies: [await open(0), await open(1)] };
  } catch (error) {
    await Promise.all(opened.map((proxy) => proxy.stop()));
    await app.stop();
    throw error;
  }
};

export const startHttpsSite = async (): Promise<HttpsSite> => {
  const certificate = await createCertificate(APP_HOST, PROVIDER_HOST);
  const { origin, app, proxies } = await withFreePortPair((port) => startFront(certificate, port));
  const { args, executablePath } = launchOptions();
  const trusting = [...args, `--ignore-certificate-errors-spki-list=${certificate.spki}`];
  const browser = await launchBrowser({ executablePath, args: trusting });
  const stop = async (): Promise<void> => {
    await browser.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await app.stop();
  };
  return { origin, proxy: proxies[0], browser, faults: createFaultClient(app.origin), stop };
};
