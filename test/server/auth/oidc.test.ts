import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OidcClient } from '../support/agent.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const whoami = (client: OidcClient, token: string) => client.api(`${server.url}/api/v1/auth/whoami`, token);

describe('sign-in page', () => {
  test('is ours: no script, no foreign asset, a strict policy, the hint in the lab', async () => {
    const client = await OidcClient.create(server);
    const { page } = await client.person.follow((await client.authorizationUrl()).url, client.callback);
    const html = (await page?.text()) ?? '';
    expect(page?.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page?.headers.get('content-security-policy')).toContain(`form-action 'self' ${server.url}`);
    expect(page?.headers.get('cache-control')).toBe('no-store');
    // the empty icon is the only link: with none, Firefox asks for one, which the policy forbids
    expect(html.replace('<link rel="icon" href="data:,">', '')).not.toMatch(/<script|src=|@import|<link/);
    expect(html).toContain('<label for="username">');
    expect(html).toContain('Demo account');
  });

  test('says that the password was wrong, and keeps the user name safely', async () => {
    const client = await OidcClient.create(server);
    const form = await client.person.follow((await client.authorizationUrl()).url, client.callback);
    const username = '"><script>alert(1)</script>';
    const { page } = await client.person.submit(form.url, client.callback, { do: 'sign-in', username, password: 'no' });
    const html = (await page?.text()) ?? '';
    expect(page?.status).toBe(422);
    expect(html).toContain('role="alert"');
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;');
    expect(html).not.toContain('<script>');
  });

  test('a cancelled sign-in comes back as access_denied, with the issuer', async () => {
    const client = await OidcClient.create(server);
    const { url, state } = await client.authorizationUrl();
    const form = await client.person.follow(url, client.callback);
    const back = new URL((await client.person.submit(form.url, client.callback, { do: 'cancel' })).url);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state, iss: server.issuer });
  });

  test('a sign-in that is over has a page of its own', async () => {
    const response = await fetch(`${server.issuer}/sign-in/abcdefghijk`);
    expect(response.status).toBe(410);
    expect(await response.text()).toContain(server.url);
  });

  test('who is signed in already is asked once more, and never answered silently [never-silent]', async () => {
    const client = await OidcClient.create(server);
    await client.signIn();
    const silent = await client.authorizationUrl({ prompt: 'none' });
    const refused = new URL((await client.person.follow(silent.url, client.callback)).url);
    expect(refused.searchParams.get('error')).toBe('interaction_required');
    expect(refused.searchParams.has('code')).toBe(false);

    const { url, verifier, state } = await client.authorizationUrl();
    const asked = await client.person.follow(url, client.callback);
    expect(await asked.page?.text()).toContain('Continue as Demo User');
    const back = await client.person.submit(asked.url, client.callback, { do: 'continue' });
    const tokens = await client.exchange(back.url, verifier, state);
    expect((await whoami(client, tokens.access)).status).toBe(200);
  });

  test('another account can be chosen', async () => {
    const client = await OidcClient.create(server);
    await client.signIn();
    const asked = await client.person.follow((await client.authorizationUrl()).url, client.callback);
    const { page } = await client.person.submit(asked.url, client.callback, { do: 'switch' });
    expect(await page?.text()).toContain('<label for="password">');
    const after = await client.person.submit(asked.url, client.callback, {
      do: 'sign-in',
      username: 'other',
      password: 'secret',
    });
    // The provider ends the old sign-in first, by a form that posts itself.
    const form = (await after.page?.text()) ?? '';
    const action = /action="([^"]+)"/.exec(form)?.[1] ?? '';
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const back = await client.person.submit(action, client.callback, { xsrf, logout: 'yes' });
    expect(new URL(back.url).searchParams.get('code')).toMatch(/./);
  });
});

describe('provider', () => {
  test('a login without any prompt gives bound tokens and a refresh token', async () => {
    const client = await OidcClient.create(server);
    const tokens = await client.signIn();
    expect(tokens.refresh).toMatch(/./);
    const response = await whoami(client, tokens.access);
    expect(await response.json()).toEqual({ sub: 'demo', name: 'Demo User' });
  });

  test('within the grace a consumed token goes on; in parallel too', async () => {
    const client = await OidcClient.create(server);
    const { refresh } = await client.signIn();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => client.refresh(refresh)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    expect((await client.refresh(refresh)).ok).toBe(true);
  });

  test('without a grace, of parallel refreshes one wins, and reuse ends the family [reuse-ends-family]', async () => {
    await server.fault('/provider', { grace: 0 });
    try {
      const client = await OidcClient.create(server);
      const { refresh, access } = await client.signIn();
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => client.refresh(refresh)));
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await client.refresh(refresh)).toEqual({ ok: false, error: 'invalid_grant' });
      expect((await whoami(client, access)).status).toBe(401);
    } finally {
      await server.fault('/provider', { grace: 30 });
    }
  });

  test('a refresh with another key is refused and costs the session nothing [refresh-other-key]', async () => {
    const [mine, thief] = await Promise.all([OidcClient.create(server), OidcClient.create(server)]);
    const { refresh } = await mine.signIn();
    expect(await thief.refresh(refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await mine.refresh(refresh)).ok).toBe(true);
  });

  test('a client without DPoP is refused', async () => {
    const client = await OidcClient.create(server, { dpop: false });
    await expect(client.signIn()).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('revoking the refresh token ends the access token and the sign-in there', async () => {
    const client = await OidcClient.create(server);
    const { refresh, access } = await client.signIn();
    await client.revoke(refresh);
    expect(await client.refresh(refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await whoami(client, access)).status).toBe(401);
    const { page } = await client.person.follow((await client.authorizationUrl()).url, client.callback);
    expect(await page?.text()).toContain('<label for="password">');
  });

  test('scripts of the application may read nonces, pauses and the time', async () => {
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin: server.url },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'session-keeper', refresh_token: 'x' }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBe(server.url);
    for (const header of ['Date', 'Retry-After', 'DPoP-Nonce']) {
      expect(response.headers.get('access-control-expose-headers')).toContain(header);
    }
  });

  test('scripts of another origin are refused', async () => {
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin: 'http://localhost:9' },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'session-keeper', refresh_token: 'x' }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('lifetimes can be changed while it runs', async () => {
    await server.fault('/lifetimes', { accessSeconds: 7 });
    try {
      const client = await OidcClient.create(server);
      expect((await client.signIn()).expiresIn).toBe(7);
    } finally {
      await server.fault('/lifetimes', { accessSeconds: 300 });
    }
  });
});
