import { DEFAULT_PORT } from '../../server/http/http-server.ts';
import type { InjectedConfig } from '../../src/protocol/config.ts';

/** The app's port. The embedded provider uses the next one. */
export const devPort = (): number => Number(process.env['PORT'] ?? DEFAULT_PORT);

/** The configuration for the development worker. It is the one that the server injects in production. */
export const bakeForDev = async (): Promise<InjectedConfig> => {
  const server = await import('../../server/worker/keeper-config.ts');
  const foreign = process.env['OIDC_ISSUER'];
  const config = server.keeperConfig({
    issuer: foreign ?? `http://localhost:${devPort() + 1}`,
    clientId: process.env['OIDC_CLIENT_ID'] ?? server.DEFAULT_CLIENT_ID,
    scope: process.env['OIDC_SCOPE'] ?? (foreign ? server.EXTERNAL_SCOPE : server.DEFAULT_SCOPE),
    embedded: foreign === undefined,
  });
  return { config };
};
