import { openRecords } from '../../compare/subjects/record.ts';
import { isReturn, leaveCallback, nativeFetch, OIDC, runApp } from './app.ts';

/*
 * What a careful team writes by hand: PKCE, the tokens in IndexedDB, and one refresh at a time over all tabs by a Web Lock. Only
 * a refusal of the refresh token ends the session.
 */

type Tokens = { access: string; refresh: string };
type TokenAnswer = { access_token: string; refresh_token: string };
type Metadata = { authorization_endpoint: string; token_endpoint: string };

const records = openRecords('wrapper');

const metadata = async (): Promise<Metadata> =>
  (await (await nativeFetch(`${OIDC.authority}/.well-known/openid-configuration`)).json()) as Metadata;

const read = async (): Promise<Tokens | undefined> => (await records.read('tokens'))[0] as Tokens | undefined;

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** `undefined`: the provider refused. Rejects when it cannot be reached. */
const take = async (fields: Record<string, string>): Promise<Tokens | undefined> => {
  const { token_endpoint: url } = await metadata();
  const body = new URLSearchParams({ client_id: OIDC.client_id, ...fields });
  const response = await nativeFetch(url, { method: 'POST', body });
  const answer = (await response.json()) as unknown as TokenAnswer & { error?: string };
  if (answer.error === 'invalid_grant') return undefined;
  if (!response.ok) throw new Error(`The provider answered ${response.status}.`);
  const tokens = { access: answer.access_token, refresh: answer.refresh_token };
  await records.write({ tokens });
  return tokens;
};

/** Another tab may have renewed the tokens while this one waited for the lock. */
const renew = (refused: string): Promise<Tokens | undefined> =>
  navigator.locks.request('wrapper', async () => {
    const stored = await read();
    if (!stored || stored.access !== refused) return stored;
    const tokens = await take({ grant_type: 'refresh_token', refresh_token: stored.refresh });
    if (!tokens) await records.write({ tokens: undefined });
    return tokens;
  });

const send = (path: string, tokens: Tokens | undefined, init?: RequestInit): Promise<Response> =>
  nativeFetch(path, { ...init, headers: { authorization: `Bearer ${tokens?.access ?? ''}` } });

await runApp({
  restore: async () => {
    if (isReturn()) {
      const code = new URLSearchParams(location.search).get('code') ?? '';
      const code_verifier = sessionStorage.getItem('verifier') ?? '';
      await take({ grant_type: 'authorization_code', code, code_verifier, redirect_uri: OIDC.redirect_uri });
      leaveCallback();
    }
    return (await read()) !== undefined;
  },
  signIn: async () => {
    const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
    sessionStorage.setItem('verifier', verifier);
    const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
    const query = new URLSearchParams({
      client_id: OIDC.client_id,
      redirect_uri: OIDC.redirect_uri,
      scope: OIDC.scope,
      response_type: 'code',
      code_challenge: base64url(new Uint8Array(challenge)),
      code_challenge_method: 'S256',
    });
    location.assign(`${(await metadata()).authorization_endpoint}?${query.toString()}`);
  },
  fetch: async (path, init) => {
    const tokens = await read();
    const response = await send(path, tokens, init);
    return response.status === 401 && tokens ? send(path, await renew(tokens.access), init) : response;
  },
});
