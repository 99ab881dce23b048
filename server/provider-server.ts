import { openTokenVersion } from './auth/token-epoch.ts';
import { createAccounts, DEMO_ACCOUNT, type Account } from './auth/accounts.ts';
import { createClock, systemNow } from './base/clock.ts';
import { lockDataDir } from './base/data-dir.ts';
import { createLoginRateLimit } from './auth/login-rate-limit.ts';
import { DEFAULT_CLIENT_ID } from './worker/keeper-config.ts';
import { DEFAULT_LIFETIMES, type Lifetimes } from './base/token-lifetimes.ts';
import { close, listen } from './http/http-server.ts';
import { openLmdbStore } from './base/lmdb-store.ts';
import { createProvider } from './provider/provider.ts';
import type { GrantPolicy } from './provider/sign-in-routes.ts';

/** An OpenID provider by itself, of any temper: for running the application against a foreign one. */
export type ProviderServerOptions = {
  dataDir: string;
  /** Origins that may redirect here and call the token endpoint. */
  appOrigins: readonly string[];
  port?: number;
  clientId?: string;
  accounts?: readonly Account[];
  lifetimes?: Partial<Lifetimes>;
  /** How long a consumed refresh token is accepted again; 0: never. */
  graceMs?: number;
  accessTokens?: 'jwt' | 'opaque';
  dpop?: 'required' | 'clock' | 'off';
  exposedHeaders?: string;
  rotation?: boolean;
  grants?: GrantPolicy;
  revocation?: boolean;
  /** How far this provider's clock is off. */
  skewMs?: number;
};

const STOP_WITHIN_MS = 1_000;

export const startProvider = async (
  options: ProviderServerOptions,
): Promise<{ issuer: string; stop(): Promise<void> }> => {
  const { dir, release } = lockDataDir(options.dataDir);
  const store = openLmdbStore(dir);
  const clock = createClock(options.skewMs);
  const late: { handle?: ReturnType<Awaited<ReturnType<typeof createProvider>>['callback']> } = {};
  const listening = await listen(
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
    store,
    accounts: createAccounts(options.accounts ?? [DEMO_ACCOUNT]),
    guesses: createLoginRateLimit(systemNow),
    lifetimes: { ...DEFAULT_LIFETIMES, ...options.lifetimes },
    reuse: { graceMs: options.graceMs ?? 0 },
    epoch: await openTokenVersion(store),
    accessTokens: options.accessTokens ?? 'jwt',
    audience: issuer,
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
      await close(listening, STOP_WITHIN_MS);
      await store.close();
      release();
    },
  };
};
