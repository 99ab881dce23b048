import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_ACCOUNT, type Account } from '../../../server/auth/accounts.ts';
import type { ServerOptions } from '../../../server/server-options.ts';
import { TEST_SECRET } from '../../support/server/test-secret.ts';
import { startServer, type RunningServer } from '../../../server/server.ts';

export const OTHER_ACCOUNT: Account = {
  username: 'other',
  password: 'secret',
  name: 'Other User',
  apiKey: 'other-key',
};

export const temporaryDir = (): { dir: string; remove: () => void } => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
};

export type TestServer = RunningServer & {
  dataDir: string;
  call: Call;
  /** Calls a fault route below `/lab`. */
  fault: (path: string, body?: unknown, method?: string) => Promise<unknown>;
};
export type Call = (
  path: string,
  init?: { method?: string; json?: unknown; headers?: Record<string, string> },
) => Promise<Response>;

export const createCaller =
  (origin: string): Call =>
  (path, { method, json, headers } = {}) =>
    fetch(origin + path, {
      method: method ?? (json === undefined ? 'GET' : 'POST'),
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      redirect: 'manual',
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });

/** The part of the shared store that belongs to this data folder, where the project has a shared store. */
const storeFor = (dataDir: string): Partial<ServerOptions> => {
  const url = process.env['TEST_STORE'];
  if (url === undefined) return {};
  const prefix = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  return { store: `${url}?prefix=${prefix}:`, adoptEmptyStore: true };
};

/** A server on free ports with a new data folder, which `stop` removes. */
export const startTestServer = async (options: Partial<ServerOptions> = {}): Promise<TestServer> => {
  const own = options.dataDir === undefined ? temporaryDir() : undefined;
  const dataDir = options.dataDir ?? own?.dir ?? '';
  const running = await startServer({
    port: 0,
    faultRoutes: true,
    distDir: false,
    secret: TEST_SECRET,
    accounts: [DEMO_ACCOUNT, OTHER_ACCOUNT],
    ...storeFor(dataDir),
    ...options,
    dataDir,
  });
  const call = createCaller(running.local.app);
  return {
    ...running,
    dataDir,
    call,
    fault: async (path, body, method) => {
      const response = await call(`/lab${path}`, {
        ...(body === undefined ? {} : { json: body }),
        ...(method === undefined ? {} : { method }),
      });
      if (!response.ok) throw new Error(`/lab${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as unknown;
    },
    stop: async () => {
      await running.stop();
      own?.remove();
    },
  };
};

export type PasswordAnswer = { access_token: string; refresh_token: string; token_type: string; expires_in: number };

export const passwordLogin = async (call: Call, username = 'demo', password = 'demo'): Promise<PasswordAnswer> => {
  const response = await call('/api/v1/auth/login', { json: { username, password } });
  if (!response.ok) throw new Error(`login answered ${response.status}`);
  return (await response.json()) as PasswordAnswer;
};

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

/** Signs in with the API key. Returns the `Cookie` header for further requests. */
export const cookieLogin = async (call: Call, apiKey = 'demo-key'): Promise<string> => {
  const response = await call('/api/auth/login', { json: { apiKey } });
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
};
