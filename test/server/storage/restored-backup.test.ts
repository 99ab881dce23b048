import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { OperatorNotice } from '../../../server/data-folder/operator-notice.ts';
import { OidcClient } from '../support/agent.ts';
import {
  bearer,
  passwordLogin,
  startTestServer,
  temporaryDir,
  type PasswordAnswer,
  type TestServer,
} from '../support/start.ts';

const folder = temporaryDir();
afterEach(() => folder.remove());

const data = join(folder.dir, 'data');
const backup = join(folder.dir, 'backup');
const notices: OperatorNotice[] = [];
// The clients of a deployment keep its addresses.
const startAt = ({ port, providerPort }: { port: number; providerPort: number }): Promise<TestServer> =>
  startTestServer({ dataDir: data, port, providerPort, onNotice: (notice) => notices.push(notice) });
const portOf = (url: string): number => Number(new URL(url).port);

const refresh = (server: TestServer, token: string) =>
  server.call('/api/v1/auth/refresh', { json: { refresh_token: token } });
const refreshed = async (server: TestServer, token: string) =>
  (await (await refresh(server, token)).json()) as PasswordAnswer;
const boundRefresh = async (client: OidcClient, token: string): Promise<string> => {
  const result = await client.refresh(token);
  if (!result.ok) throw new Error(`The provider answered ${result.error}.`);
  return result.tokens.refresh;
};

test('keeps the sessions when a backup of the data folder is restored, and notifies the operator once [restored]', async () => {
  const first = await startAt({ port: 0, providerPort: 0 });
  const ports = { port: portOf(first.url), providerPort: portOf(first.issuer) };
  const client = await OidcClient.create(first);
  const bound = await client.signIn();
  const password = await passwordLogin(first.call);
  await first.stop();
  cpSync(data, backup, { recursive: true });

  const later = await startAt(ports);
  const used = await refreshed(later, password.refresh_token);
  const newest = await refreshed(later, used.refresh_token);
  const boundUsed = await boundRefresh(client, bound.refresh);
  const boundNewest = await boundRefresh(client, boundUsed);
  await later.stop();
  expect(notices).toEqual([]);
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true });

  const restored = await startAt(ports);
  try {
    const answer = await refreshed(restored, newest.refresh_token);
    expect((await restored.call('/api/v1/auth/whoami', { headers: bearer(answer.access_token) })).status).toBe(200);
    const boundNext = await boundRefresh(client, boundNewest);
    await boundRefresh(client, boundNext);
    expect(notices).toEqual([{ type: 'store-restored' }]);
    // A late duplicate, and then reuse.
    await boundRefresh(client, boundNewest);
    expect((await refresh(restored, used.refresh_token)).status).toBe(200);
    await restored.fault('/provider', { grace: 0 });
    expect(await client.refresh(boundNewest)).toEqual({ ok: false, error: 'invalid_grant' });
    expect(await client.refresh(boundNext)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await refresh(restored, used.refresh_token)).status).toBe(400);
    expect((await refresh(restored, answer.refresh_token)).status).toBe(400);
  } finally {
    await restored.stop();
  }
});
