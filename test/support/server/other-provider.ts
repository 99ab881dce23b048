import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortPair } from '../../../scripts/process/free-port.ts';
import { startProvider, type ProviderServerOptions } from '../../../server/provider-server.ts';
import { startApp, type App } from './app.ts';

export type ProviderTraits = Omit<ProviderServerOptions, 'dataDir' | 'appOrigins' | 'port'>;

/** The app, told by its environment to use a provider that is not its own. */
export const startWithProvider = async (temper: ProviderTraits, env: Record<string, string> = {}): Promise<App> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-provider-'));
  const port = await freePortPair();
  const provider = await startProvider({ ...temper, dataDir, appOrigins: [`http://localhost:${port}`] });
  const end = async (): Promise<void> => {
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
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
};
