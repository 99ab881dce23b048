import type { Browser } from '@playwright/test';
import { freePortPair } from '../../../scripts/process/free-port.ts';
import { startApp } from '../server/app.ts';
import { launchOptions } from '../browser/browser.ts';
import { launchBrowser } from '../browser/crashes.ts';
import { createFaultClient, type FaultClient } from '../server/fault-client.ts';
import { createCertificate, startTlsProxy, type TlsProxy } from '../server/tls-front.ts';

/** Names of two sites that lead to this machine everywhere (RFC 6761 §6.3). */
const APP_HOST = 'app.localhost';
const PROVIDER_HOST = 'id.localhost';

/** As in production: a proxy ends TLS and speaks HTTP/2, and application and provider are two sites. */
export type HttpsSite = {
  readonly origin: string;
  readonly proxy: TlsProxy;
  /** Trusts this site's certificate. */
  readonly browser: Browser;
  readonly faults: FaultClient;
  stop(): Promise<void>;
};

export const startHttpsSite = async (): Promise<HttpsSite> => {
  const [port, inside] = [await freePortPair(), await freePortPair()];
  const origin = `https://${APP_HOST}:${port}`;
  const env = { PUBLIC_ORIGIN: origin, PUBLIC_ISSUER: `https://${PROVIDER_HOST}:${port + 1}` };
  const app = await startApp({ port: inside, env });
  const certificate = await createCertificate(APP_HOST, PROVIDER_HOST);
  const proxy = await startTlsProxy(certificate, port, inside);
  const provider = await startTlsProxy(certificate, port + 1, inside + 1);
  const { args, executablePath } = launchOptions();
  const trusting = [...args, `--ignore-certificate-errors-spki-list=${certificate.spki}`];
  const browser = await launchBrowser({ executablePath, args: trusting });
  const stop = async (): Promise<void> => {
    await browser.close();
    await Promise.all([proxy.stop(), provider.stop()]);
    await app.stop();
  };
  return { origin, proxy, browser, faults: createFaultClient(app.origin), stop };
};
