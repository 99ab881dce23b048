import { afterEach, describe, expect, test } from 'vitest';
import { startProvider, type ProviderServerOptions } from '../../../server/provider-server.ts';
import { OidcClient } from '../support/agent.ts';
import { dial } from '../support/hub-client.ts';
import { bearer, passwordLogin, startTestServer, temporaryDir, type TestServer } from '../support/start.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** The application against another provider. Its port has to be known to the provider beforehand, so it starts twice. */
const startBoth = async (
  temper: Partial<ProviderServerOptions>,
): Promise<{ server: TestServer; client: OidcClient }> => {
  const folder = temporaryDir();
  const probe = await startTestServer({ issuer: 'http://localhost:1' });
  const port = Number(new URL(probe.url).port);
  await probe.stop();
  const provider = await startProvider({ dataDir: folder.dir, appOrigins: [`http://localhost:${port}`], ...temper });
  const server = await startTestServer({ port, issuer: provider.issuer });
  cleanups.push(
    folder.remove,
    () => provider.stop(),
    () => server.stop(),
  );
  const client = await OidcClient.create(server, { dpop: temper.dpop !== 'off' });
  return { server, client };
};

const whoami = (server: TestServer, client: OidcClient, token: string) =>
  client.api(`${server.url}/api/v1/auth/whoami`, token);

describe('another provider', () => {
  test('with opaque bearer tokens: its userinfo endpoint tells', async () => {
    const { server, client } = await startBoth({ accessTokens: 'opaque', dpop: 'off' });
    const tokens = await client.signIn();
    expect(tokens.access).not.toContain('.');
    const response = await whoami(server, client, tokens.access);
    expect(await response.json()).toEqual({ sub: 'demo', name: 'Demo User' });
    expect((await whoami(server, client, 'made-up')).status).toBe(401);
  });

  test('with opaque tokens bound to a key: introspection tells the key', async () => {
    const { server, client } = await startBoth({ accessTokens: 'opaque', dpop: 'required' });
    const tokens = await client.signIn();
    expect((await whoami(server, client, tokens.access)).status).toBe(200);
    const thief = await OidcClient.create(server);
    expect((await whoami(server, thief, tokens.access)).status).toBe(401);
    expect((await server.call('/api/v1/auth/whoami', { headers: bearer(tokens.access) })).status).toBe(401);
  });

  test('with signed tokens and no DPoP, no rotation', async () => {
    const { server, client } = await startBoth({ dpop: 'off', rotation: false });
    const tokens = await client.signIn();
    expect((await whoami(server, client, tokens.access)).status).toBe(200);
    for (let times = 0; times < 3; times += 1) {
      const outcome = await client.refresh(tokens.refresh);
      expect(outcome).toMatchObject({ ok: true, tokens: { refresh: tokens.refresh } });
    }
  });

  test('without a grace, a repeated refresh ends the family there', async () => {
    const { client } = await startBoth({ graceMs: 0 });
    const tokens = await client.signIn();
    const next = await client.refresh(tokens.refresh);
    expect(await client.refresh(tokens.refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect(next.ok && (await client.refresh(next.tokens.refresh))).toEqual({ ok: false, error: 'invalid_grant' });
  });

  test('with a clock of its own: what it says is expired for us is refused', async () => {
    const { server, client } = await startBoth({ skewMs: -3_600_000, lifetimes: { accessSeconds: 300 } });
    const { url } = await client.authorizationUrl();
    const form = await client.person.follow(url, client.callback);
    expect(Date.parse(form.page?.headers.get('date') ?? '')).toBeLessThan(Date.now() - 3_500_000);
    const tokens = await client.signIn().catch((error: unknown) => String(error));
    // The client sees an ID token that is an hour old, and says so; a tolerant one would get 401 from the API.
    expect(tokens).toContain('unexpected JWT "exp"');
    expect((await server.call('/api/v1/auth/whoami')).status).toBe(401);
  });

  test('an ID token is no access token, nor is a token for another client', async () => {
    const { server, client } = await startBoth({ dpop: 'off' });
    const { url, verifier } = await client.authorizationUrl();
    const form = await client.person.follow(url, client.callback);
    const back = await client.person.submit(form.url, client.callback, {
      do: 'sign-in',
      username: 'demo',
      password: 'demo',
    });
    const answer = await fetch(client.metadata.token_endpoint ?? '', {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: new URL(back.url).searchParams.get('code') ?? '',
        client_id: 'session-keeper',
        redirect_uri: client.callback,
        code_verifier: verifier,
      }),
    });
    const { id_token: idToken, access_token: access } = (await answer.json()) as {
      id_token: string;
      access_token: string;
    };
    expect((await whoami(server, client, access)).status).toBe(200);
    expect((await whoami(server, client, idToken)).status).toBe(401);
    const stranger = await startTestServer({ issuer: server.issuer, clientId: 'another-client' });
    cleanups.push(() => stranger.stop());
    expect((await stranger.call('/api/v1/auth/whoami', { headers: bearer(access) })).status).toBe(401);
  });

  test('its people are not our accounts of the same name', async () => {
    const { server, client } = await startBoth({ dpop: 'off' });
    const tokens = await client.signIn();
    const ours = await passwordLogin(server.call);
    await server.call('/api/v1/notes', { json: { text: 'ours' }, headers: bearer(ours.access_token) });
    const theirs = await server.call('/api/v1/notes', { headers: bearer(tokens.access) });
    expect(await theirs.json()).toEqual({ notes: [] });
  });

  test('its sessions have sockets, and the lab can expire its tokens', async () => {
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

  test('a provider that is down is no verdict on the token', async () => {
    const server = await startTestServer({ issuer: 'http://localhost:1' });
    cleanups.push(() => server.stop());
    const response = await server.call('/api/v1/auth/whoami', { headers: bearer('abc') });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'provider-down' });
  });
});
