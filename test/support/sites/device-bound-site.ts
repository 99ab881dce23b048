import type { BrowserContext } from '@playwright/test';
import { createCertificate } from '../../../lab/proxy/http/certificate.ts';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { createProfile } from '../browser/profile.ts';
import { startApp } from '../server/app.ts';
import { startTlsProxy } from '../server/tls-proxy.ts';
import { startExample } from './example-server.ts';

/**
 * How long (s) the bound cookie of the example lives. Chromium renews it with each request in its last 120 s, and signs for a
 * site six times in nine minutes (measured, Chromium 156). So a test with this cookie sends few requests.
 */
const BOUND_SECONDS = 3;

/**
 * The feature is on by default in Chrome 145 on Windows with a TPM. Here the key is in software, which Chromium offers for
 * tests only.
 */
const WITH_KEYS =
  '--enable-features=DeviceBoundSessions,PersistDeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting';

export type DeviceBoundSite = {
  readonly origin: string;
  /** A browser of its own. `hasKeys`: it can bind a session to this device. */
  open(options: { hasKeys: boolean }): Promise<BrowserContext>;
  stop(): Promise<void>;
};

type Backend = { readonly origin: string; stop(): Promise<unknown> };

const BACKENDS = {
  example: (origin: string): Promise<Backend> =>
    startExample('examples/cookie-session/server.mjs', { ORIGIN: origin, BOUND_SECONDS: String(BOUND_SECONDS) }),
  server: (origin: string): Promise<Backend> =>
    startApp({
      env: {
        PUBLIC_ORIGIN: origin,
        PUBLIC_ISSUER: origin.replace('localhost', 'id.localhost'),
        DEVICE_BOUND_SECONDS: '300',
      },
      faultRoutes: false,
    }),
};

/**
 * The example with cookie sessions, or the embedded server, over HTTPS with a certificate that the browser trusts: without
 * one, it binds nothing.
 */
export const startDeviceBoundSite = async (backend: keyof typeof BACKENDS = 'example'): Promise<DeviceBoundSite> => {
  const certificate = await createCertificate('localhost');
  const { origin, proxy, example } = await withFreePortPair(async (port) => {
    const own = `https://localhost:${port}`;
    const server = await BACKENDS[backend](own);
    const front = await startTlsProxy(certificate, port, Number(new URL(server.origin).port));
    return { origin: own, proxy: front, example: server };
  });
  const closing: (() => Promise<unknown>)[] = [];
  return {
    origin,
    async open({ hasKeys }) {
      const trusted = `--ignore-certificate-errors-spki-list=${certificate.spki}`;
      const profile = await createProfile({ args: hasKeys ? [WITH_KEYS, trusted] : [trusted] });
      const context = await profile.start();
      closing.push(async () => {
        await context.close();
        await profile.remove();
      });
      return context;
    },
    async stop() {
      for (const close of closing) await close();
      await proxy.stop();
      await example.stop();
    },
  };
};
