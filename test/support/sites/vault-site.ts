import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser } from '@playwright/test';
import { createCertificate, type Certificate } from '../../../lab/proxy/http/certificate.ts';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { contentType, HTML } from '../../../server/http/content-type.ts';
import { launchFirefox, launchOptions } from '../browser/browser.ts';
import { launchBrowser } from '../browser/crashes.ts';
import { startApp } from '../server/app.ts';
import { startTlsProxy } from '../server/tls-proxy.ts';

/**
 * Names of one site: `site.localhost` is the registrable domain, because `localhost` itself is no public suffix but the last
 * label (https://publicsuffix.org/list/). `app.localhost` and `vault.localhost` are two sites. The browser resolves all of them
 * to loopback (RFC 6761 §6.3).
 */
const HOSTS = {
  vault: 'vault.site.localhost',
  app: 'app.site.localhost',
  unlisted: 'other.site.localhost',
  provider: 'id.localhost',
} as const;

export type VaultSite = {
  /** The real server, with its provider on another site. */
  readonly vault: string;
  /** A page of the site whose session is in the vault. */
  readonly app: string;
  /** The same page on a name that the vault does not list. */
  readonly unlisted: string;
  /** Trusts the certificate of all names. */
  readonly browser: Browser;
  stop(): Promise<void>;
};

/** What an existing site may be: no worker, no policy, and any script that its owner has included. */
const pageOf = (
  vault: string,
): string => `<!doctype html><html lang="en"><title>site</title><link rel="icon" href="data:,">
<session-gate><p slot="signed-in">Inbox</p><p slot="signed-out">Please sign in</p></session-gate>
<session-status></session-status>
<script type="module">
  import { connect } from '/keeper.js';
  import { provideKeeper } from '/keeper-elements.js';
  window.vault = ${JSON.stringify(vault)};
  window.keeper = await connect({ vault: window.vault + '/keeper-vault.html' });
  provideKeeper(window.keeper, document);
  document.documentElement.dataset.connected = '';
</script></html>`;

const startEmbedder = async ({ key, cert }: Certificate, vaultOf: () => string): Promise<Server> => {
  const server = createServer({ key, cert }, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const page = (): void => void response.writeHead(200, { 'content-type': HTML }).end(pageOf(vaultOf()));
    if (extname(path) !== '.js') return page();
    readFile(join('dist', path)).then(
      (bytes) => response.writeHead(200, { 'content-type': contentType(path) }).end(bytes),
      () => response.writeHead(404).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** A browser that trusts this certificate. Firefox takes no list of keys: its contexts need `ignoreHTTPSErrors`. */
const launchTrusting = (engine: 'chromium' | 'firefox', { spki }: Certificate): Promise<Browser> => {
  if (engine === 'firefox') return launchFirefox();
  const { args, executablePath } = launchOptions();
  return launchBrowser({ executablePath, args: [...args, `--ignore-certificate-errors-spki-list=${spki}`] });
};

/** The vault is the real server behind TLS. Its `embedders` have the page of `app` only. */
export const startVaultSite = async (engine: 'chromium' | 'firefox' = 'chromium'): Promise<VaultSite> => {
  const certificate = await createCertificate(...Object.values(HOSTS));
  let vault = '';
  const embedder = await startEmbedder(certificate, () => vault);
  const { port: own } = embedder.address() as AddressInfo;
  const app = `https://${HOSTS.app}:${own}`;
  const stops: (() => Promise<unknown>)[] = [];
  await withFreePortPair(async (port) => {
    vault = `https://${HOSTS.vault}:${port}`;
    const env = {
      PUBLIC_ORIGIN: vault,
      PUBLIC_ISSUER: `https://${HOSTS.provider}:${port + 1}`,
      VAULT_EMBEDDERS: app,
      SEVERAL_SESSIONS: '1',
    };
    const server = await startApp({ env, faultRoutes: false });
    const backend = Number(new URL(server.origin).port);
    stops.push(() => server.stop());
    for (const offset of [0, 1]) {
      const proxy = await startTlsProxy(certificate, port + offset, backend + offset);
      stops.unshift(() => proxy.stop());
    }
  });
  const browser = await launchTrusting(engine, certificate);
  return {
    vault,
    app,
    unlisted: `https://${HOSTS.unlisted}:${own}`,
    browser,
    async stop() {
      await browser.close();
      for (const stop of stops) await stop();
      embedder.close();
      embedder.closeAllConnections();
    },
  };
};
