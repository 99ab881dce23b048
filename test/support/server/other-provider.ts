import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startProvider, type ProviderServerOptions } from '../../../server/provider-server.ts';
import { startApp, type App } from './app.ts';
import { TEST_SECRET } from './test-secret.ts';

export type ProviderTraits = Omit<ProviderServerOptions, 'dataDir' | 'appOrigins' | 'port'>;

/** The app with an OpenID provider that is not its own (`OIDC_ISSUER`). */
export const startWithProvider = (traits: ProviderTraits, env: Record<string, string> = {}): Promise<App> =>
  withFreePortPair(async (port) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'keeper-provider-'));
    const provider = await startProvider({
      ...traits,
      dataDir,
      secret: TEST_SECRET,
      appOrigins: [`http://localhost:${port}`],
    });
    const stopProvider = async (): Promise<void> => {
      await provider.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    try {
      const app = await startApp({ port, env: { ...env, OIDC_ISSUER: provider.issuer } });
      return {
        ...app,
        provider: provider.issuer,
        stop: async () => {
          await app.stop();
          await stopProvider();
        },
      };
    } catch (error) {
      await stopProvider();
      throw error;
    }
  });
