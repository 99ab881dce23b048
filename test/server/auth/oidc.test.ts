import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OidcClient } from '../support/agent.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const whoami = (client: OidcClient, token: string) => client.api(`${server.url}/api/v1/auth/whoami`, token);

describe('a DPoP proof', () => {
  test('is accepted once by the provider, also when it arrives many times at the same instant [proof-at-once]', async () => {
    const client = await OidcClient.create(server);
    const { refresh } = await client.signIn();
    const proofs: string[] = [];
    const { fetch: realFetch } = globalThis;
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const proof = new Headers(init?.headers).get('dpop');
      if (proof !== null && proofs.length < 1) {
        proofs.push(proof);
        const again = () =>
          realFetch(input, { ...init, body: String(init?.body), headers: new Headers(init?.headers) });
        const answers = await Promise.all(Array.from({ length: 20 }, again));
        statuses.push(...answers.map(({ status }) => status));
        return answers.find(({ ok }) => ok) ?? answers[0] ?? Response.error();
      }
      return realFetch(input, init);
    });
    const statuses: number[] = [];
    expect((await client.refresh(refresh)).ok).toBe(true);
    spy.mockRestore();
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });
});

describe('the sign-in page', () => {
  test('has no script, no external file, a strict policy, and the hint', async () => {
    const client = await OidcClient.create(server);
    const { page } = await client.browser.follow((await client.authorizationUrl()).url, client.callback);
    const html = (await page?.text()) ?? '';
    expect(page?.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page?.headers.get('content-security-policy')).toContain(`form-action 'self' ${server.url}`);
    expect(page?.headers.get('cache-control')).toBe('no-store');
    // The only link is the empty icon. Without it, Firefox requests one, which the policy blocks.
    expect(html.replace('<link rel="icon" href="data:,">', '')).not.toMatch(/<script|src=|@import|<link/);
    expect(html).toContain('<label for="username">');
    expect(html).toContain('Demo account');
  });

  test('shows an error for a wrong password, and escapes the user name', async () => {
    const client = await OidcClient.create(server);
    const form = await client.browser.follow((await client.authorizationUrl()).url, client.callback);
    const username = '"><script>alert(1)</script>';
    const { page } = await client.browser.submit(form.url, client.callback, {
      do: 'sign-in',
      username,
      password: 'no',
    });
    const html = (await page?.text()) ?? '';
    expect(page?.status).toBe(422);
    expect(html).toContain('role="alert"');
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;');
    expect(html).not.toContain('<script>');
  });

  test('redirects with access_denied and the issuer when the person cancels', async () => {
    const client = await OidcClient.create(server);
    const { url, state } = await client.authorizationUrl();
    const form = await client.browser.follow(url, client.callback);
    const back = new URL((await client.browser.submit(form.url, client.callback, { do: 'cancel' })).url);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state, iss: server.issuer });
  });

  test('answers 410 with a link to the app for an expired sign-in', async () => {
    const response = await fetch(`${server.issuer}/sign-in/abcdefghijk`);
    expect(response.status).toBe(410);
    expect(await response.text()).toContain(server.url);
  });

  test('requires a click from a person who is signed in, and refuses prompt=none [never-silent]', async () => {
    const client = await OidcClient.create(server);
    await client.signIn();
    const silent = await client.authorizationUrl({ prompt: 'none' });
    const refused = new URL((await client.browser.follow(silent.url, client.callback)).url);
    expect(refused.searchParams.get('error')).toBe('interaction_required');
    expect(refused.searchParams.has('code')).toBe(false);

    const { url, verifier, state } = await client.authorizationUrl();
    const prompt = await client.browser.follow(url, client.callback);
    expect(await prompt.page?.text()).toContain('Continue as Demo User');
    const back = await client.browser.submit(prompt.url, client.callback, { do: 'continue' });
    const tokens = await client.exchange(back.url, verifier, state);
    expect((await whoami(client, tokens.access)).status).toBe(200);
  });

  test('lets the person use another account', async () => {
    const client = await OidcClient.create(server);
    await client.signIn();
    const prompt = await client.browser.follow((await client.authorizationUrl()).url, client.callback);
    const { page } = await client.browser.submit(prompt.url, client.callback, { do: 'switch' });
    expect(await page?.text()).toContain('<label for="password">');
    const after = await client.browser.submit(prompt.url, client.callback, {
      do: 'sign-in',
      username: 'other',
      password: 'secret',
    });
    // The provider first ends the old sign-in with a form that submits itself.
    const form = (await after.page?.text()) ?? '';
    const action = /action="([^"]+)"/.exec(form)?.[1] ?? '';
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const back = await client.browser.submit(action, client.callback, { xsrf, logout: 'yes' });
    expect(new URL(back.url).searchParams.get('code')).toMatch(/./);
  });
});

describe('the embedded provider', () => {
  test('returns bound tokens and a refresh token without a consent prompt', async () => {
    const client = await OidcClient.create(server);
    const tokens = await client.signIn();
    expect(tokens.refresh).toMatch(/./);
    const response = await whoami(client, tokens.access);
    expect(await response.json()).toEqual({ sub: 'demo', name: 'Demo User' });
  });

  test('accepts a consumed refresh token within the grace period, also in parallel', async () => {
    const client = await OidcClient.create(server);
    const { refresh } = await client.signIn();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => client.refresh(refresh)));
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    expect((await client.refresh(refresh)).ok).toBe(true);
  });

  test('keeps the session when a delayed refresh arrives after two rotations', async () => {
    const client = await OidcClient.create(server);
    const { refresh } = await client.signIn();
    const next = async (token: string): Promise<string> => {
      const result = await client.refresh(token);
      return result.ok ? result.tokens.refresh : result.error;
    };
    const third = await next(await next(refresh));
    expect((await client.refresh(refresh)).ok).toBe(true);
    expect((await client.refresh(third)).ok).toBe(true);
  });

  test('accepts one of parallel refreshes without a grace period, and revokes the family on reuse [reuse-ends-family]', async () => {
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

  test('refuses a refresh with another key, and keeps the session [refresh-other-key]', async () => {
    const [mine, thief] = await Promise.all([OidcClient.create(server), OidcClient.create(server)]);
    const { refresh } = await mine.signIn();
    expect(await thief.refresh(refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await mine.refresh(refresh)).ok).toBe(true);
  });

  test('refuses a client without DPoP', async () => {
    const client = await OidcClient.create(server, { dpop: false });
    await expect(client.signIn()).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('revokes the access token and ends its own sign-in when the refresh token is revoked', async () => {
    const client = await OidcClient.create(server);
    const { refresh, access } = await client.signIn();
    await client.revoke(refresh);
    expect(await client.refresh(refresh)).toEqual({ ok: false, error: 'invalid_grant' });
    expect((await whoami(client, access)).status).toBe(401);
    const { page } = await client.browser.follow((await client.authorizationUrl()).url, client.callback);
    expect(await page?.text()).toContain('<label for="password">');
  });

  test('exposes nonce, Retry-After and Date to scripts of the application', async () => {
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

  test('refuses scripts of another origin', async () => {
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin: 'http://localhost:9' },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'session-keeper', refresh_token: 'x' }),
    });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('uses lifetimes that change while it runs', async () => {
    await server.fault('/lifetimes', { accessSeconds: 7 });
    try {
      const client = await OidcClient.create(server);
      expect((await client.signIn()).expiresIn).toBe(7);
    } finally {
      await server.fault('/lifetimes', { accessSeconds: 300 });
    }
  });
});
