import { createTokenVersion } from './auth/token-version.ts';
import { createAccounts, DEMO_ACCOUNT, type Account } from './auth/accounts.ts';
import { createDeviceCookies } from './auth/device-cookies.ts';
import { createServerClock } from './base/server-clock.ts';
import { openDataFolder } from './data-folder/data-folder.ts';
import type { KeySource } from './data-folder/key-file.ts';
import { createLoginRateLimit } from './limits/login-rate-limit.ts';
import { DEFAULT_CLIENT_ID } from './worker/keeper-config.ts';
import { DEFAULT_LIFETIMES, type Lifetimes } from './base/token-lifetimes.ts';
import { startHttpServer, stopHttpServer } from './http/http-server.ts';
import { createLmdbStorage } from './storage/lmdb-storage.ts';
import { createProvider } from './provider/provider.ts';
import type { GrantPolicy } from './provider/sign-in-routes.ts';

/** Options of a standalone OpenID provider. Its traits are configurable, to test the application with an external one. */
export type ProviderServerOptions = KeySource & {
  dataDir: string;
  /** Origins of the application. */
  appOrigins: readonly string[];
  port?: number;
  clientId?: string;
  accounts?: readonly Account[];
  lifetimes?: Partial<Lifetimes>;
  /** How long the provider accepts a consumed refresh token again (ms). Default: 0. */
  graceMs?: number;
  accessTokens?: 'jwt' | 'opaque';
  /** Further APIs that get access tokens of their own (RFC 8707). */
  resources?: readonly string[];
  dpop?: 'required' | 'clock' | 'off';
  exposedHeaders?: string;
  rotation?: boolean;
  grants?: GrantPolicy;
  revocation?: boolean;
  /** How far the provider's clock is ahead (ms). */
  skewMs?: number;
};

const STOP_WITHIN_MS = 1_000;

export const startProvider = async (
  options: ProviderServerOptions,
): Promise<{ issuer: string; stop(): Promise<void> }> => {
  const folder = await openDataFolder(options.dataDir, {
    ...options,
    notify: () => undefined,
    onLost: (message) => console.error(message),
  });
  const storage = createLmdbStorage(folder.store);
  const clock = createServerClock(options.skewMs, folder.clock);
  const late: { handle?: ReturnType<Awaited<ReturnType<typeof createProvider>>['callback']> } = {};
  const listening = await startHttpServer(
    (request, response) => {
      response.setHeader('date', new Date(clock.now()).toUTCString());
      void clock.runInside(() => late.handle?.(request, response));
    },
    options.port ?? 0,
    '127.0.0.1',
  );
  const issuer = `http://localhost:${listening.port}`;
  const provider = await createProvider({
    issuer,
    clientId: options.clientId ?? DEFAULT_CLIENT_ID,
    appOrigins: options.appOrigins,
    storage,
    accounts: createAccounts(options.accounts ?? [DEMO_ACCOUNT]),
    loginRateLimit: createLoginRateLimit(() => performance.now()),
    deviceCookies: createDeviceCookies(await storage.secrets.keys('device-cookies')),
    lifetimes: { ...DEFAULT_LIFETIMES, ...options.lifetimes },
    reusePolicy: { graceMs: options.graceMs ?? 0 },
    steadyNow: clock.steadyNow,
    tokenVersion: createTokenVersion(storage),
    accessTokens: options.accessTokens ?? 'jwt',
    audience: issuer,
    resources: options.resources,
    dpop: options.dpop ?? 'required',
    exposedHeaders: options.exposedHeaders,
    rotation: options.rotation ?? true,
    grants: options.grants,
    revocation: options.revocation,
    showHint: true,
  });
  late.handle = provider.callback();
  return {
    issuer,
    async stop() {
      await stopHttpServer(listening, STOP_WITHIN_MS);
      await folder.close();
    },
  };
};
