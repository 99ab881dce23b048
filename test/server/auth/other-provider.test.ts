import { afterEach, describe, expect, test } from 'vitest';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startProvider, type ProviderServerOptions } from '../../../server/provider-server.ts';
import { OidcClient } from '../support/agent.ts';
import { dial } from '../support/hub-client.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** The application with an external provider, which must know the application's port before it starts. */
const startBoth = (traits: Partial<ProviderServerOptions>): Promise<{ server: TestServer; client: OidcClient }> =>
  withFreePortPair(async (port) => {
    const folder = temporaryDir();
    const provider = await startProvider({ dataDir: folder.dir, appOrigins: [`http://localhost:${port}`], ...traits });
    cleanups.push(folder.remove, () => provider.stop());
    const server = await startTestServer({ port, issuer: provider.issuer });
    cleanups.push(() => server.stop());
    return { server, client: await OidcClient.create(server, { dpop: traits.dpop !== 'off' }) };
  });

const whoami = (server: TestServer, client: OidcClient, token: string) =>
  client.api(`${server.url}/api/v1/auth/whoami`, token);

describe('an external provider', () => {
  test('verifies opaque bearer tokens at the userinfo endpoint', async () => {
    const { server, client } = await startBoth({ accessTokens: 'opaque', dpop: 'off' });
    const tokens = await client.signIn();
    expect(tokens.access).not.toContain('.');
    const response = await whoami(server, client, tokens.access);
    expect(await response.json()).toEqual({ sub: 'demo', name: 'Demo User' });
    expect((await whoami(server, client, 'made-up')).status).toBe(401);
  });

  test('verifies opaque bound tokens at the introspection endpoint', async () => {
    const { server, client } = await startBoth({ accessTokens: 'opaque', dpop: 'required' });
    const tokens = await client.signIn();
    expect((await whoami(server, client, tokens.access)).status).toBe(200);
    const thief = await OidcClient.create(server);
    expect((await whoami(server, thief, tokens.access)).status).toBe(401);
    expect((await server.call('/api/v1/auth/whoami', { headers: bearer(tokens.access) })).status).toBe(401);
  });

  test('accepts signed tokens without DPoP and rotation', async () => {
    const { server, client } = await startBoth({ dpop: 'off', rotation: false });
    const tokens = await client.signIn();
    expect((await whoami(server, client, tokens.access)).status).toBe(200);
    for (let times = 0; times < 3; times += 1) {
      const outcome = await client.refresh(tokens.refresh);
      expect(outcome).toMatchObject({ ok: true, tokens: { refresh: tokens.refresh } });
    }
  });

  test('revokes the family on a repeated refresh without a grace period', async () => {
    const { client } = await startBoth({ graceMs: 0 });
    const tokens = await client.signIn();
    const next = await client.refresh(tokens.refresh);
    expect(await client.refresh(tokens.refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect(next.ok && (await client.refresh(next.tokens.refresh))).toEqual({ ok: false, error: 'invalid_grant' });
  });

  test('issues expired tokens when its clock is an hour slow', async () => {
    const { server, client } = await startBoth({ skewMs: -3_600_000, lifetimes: { accessSeconds: 300 } });
    const { url } = await client.authorizationUrl();
    const form = await client.browser.follow(url, client.callback);
    expect(Date.parse(form.page?.headers.get('date') ?? '')).toBeLessThan(Date.now() - 3_500_000);
    const tokens = await client.signIn().catch((error: unknown) => String(error));
    // This client rejects an ID token that is an hour old. A tolerant one would get 401 from the API.
    expect(tokens).toContain('unexpected JWT "exp"');
    expect((await server.call('/api/v1/auth/whoami')).status).toBe(401);
  });

  test('refuses an ID token, and a token of another client', async () => {
    const { server, client } = await startBoth({ dpop: 'off' });
    const { url, verifier } = await client.authorizationUrl();
    const form = await client.browser.follow(url, client.callback);
    const back = await client.browser.submit(form.url, client.callback, {
      do: 'sign-in',
      username: 'demo',
      password: 'demo',
    });
    const response = await fetch(client.metadata.token_endpoint ?? '', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: new URL(back.url).searchParams.get('code') ?? '',
        client_id: 'session-keeper',
        redirect_uri: client.callback,
        code_verifier: verifier,
      }),
    });
    const { id_token: idToken, access_token: access } = (await response.json()) as {
      id_token: string;
      access_token: string;
    };
    expect((await whoami(server, client, access)).status).toBe(200);
    expect((await whoami(server, client, idToken)).status).toBe(401);
    const otherClient = await startTestServer({ issuer: server.issuer, clientId: 'another-client' });
    cleanups.push(() => otherClient.stop());
    expect((await otherClient.call('/api/v1/auth/whoami', { headers: bearer(access) })).status).toBe(401);
  });

  test('keeps its subjects apart from accounts with the same name', async () => {
    const { server, client } = await startBoth({ dpop: 'off' });
    const tokens = await client.signIn();
    const ours = await passwordLogin(server.call);
    await server.call('/api/v1/notes', { json: { text: 'ours' }, headers: bearer(ours.access_token) });
    const theirs = await server.call('/api/v1/notes', { headers: bearer(tokens.access) });
    expect(await theirs.json()).toEqual({ notes: [] });
  });

  test('authorizes sockets, and the fault routes can expire its tokens', async () => {
    const { server, client } = await startBoth({ dpop: 'off' });
    const tokens = await client.signIn();
    const socket = await dial(server, tokens.access);
    await socket.hello();
    await server.fault('/tokens/expire', {});
    expect((await whoami(server, client, tokens.access)).status).toBe(401);
    const outcome = await client.refresh(tokens.refresh);
    expect(outcome.ok && (await whoami(server, client, outcome.tokens.access)).status).toBe(200);
    socket.close();
  });

  test('answers 503 when the provider is down', async () => {
    const server = await startTestServer({ issuer: 'http://localhost:1' });
    cleanups.push(() => server.stop());
    const response = await server.call('/api/v1/auth/whoami', { headers: bearer('abc') });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'provider-down' });
  });
});
