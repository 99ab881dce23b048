import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProvider } from '../../../server/provider-server.ts';
import type { ApiRule } from '../../../src/protocol/config.ts';
import { TEST_SECRET } from '../server/test-secret.ts';
import {
  embeddingConfig,
  keeperScript,
  PLAIN_PAGE,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../sites/embedding-site.ts';

export const PROVIDER_SITE_WORKER = '/keeper-sw.js';

export type ProviderSite = EmbeddingSite & { readonly issuer: string };

/**
 * An existing site whose people sign in at a provider. It has the product's worker, a page and `/api/me`. `shell`: the
 * origin at which a native shell takes the redirect.
 */
export const startProviderSite = async (more: readonly ApiRule[] = [], shell?: string): Promise<ProviderSite> => {
  const site = await startEmbeddingSite();
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-provider-site-'));
  const resources = more.flatMap(({ resource }) => resource ?? []);
  const traits = { dpop: 'off', resources, secret: TEST_SECRET } as const;
  const provider = await startProvider({
    ...traits,
    dataDir,
    appOrigins: [site.origin, ...(shell === undefined ? [] : [shell])],
  });
  const { issuer } = provider;
  const oidc = {
    ...{ issuer, clientId: 'session-keeper', callback: '/auth/callback', reuseGraceMs: 0, resource: issuer },
    scope: 'openid profile offline_access api',
    ...(shell === undefined ? {} : { redirectUri: `${shell}/auth/callback` }),
  };
  const config = embeddingConfig('/', { api: [...more, { origin: 'self', path: '/api/' }], signIn: { oidc } });
  site.serve(PROVIDER_SITE_WORKER, await keeperScript(config));
  site.serve('/', PLAIN_PAGE);
  site.serve('/api/me', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"sub":"demo","name":"Demo"}');
  });
  return {
    ...site,
    issuer,
    async stop() {
      await site.stop();
      await provider.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
