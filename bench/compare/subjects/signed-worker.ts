/**
 * The minimal worker with a token that is bound to a key (RFC 9449): it also reads the key, and signs each request. Its
 * sign-in is the shortest that works with the embedded provider. It never renews the token.
 */

import { openRecords } from './record.ts';

declare const self: ServiceWorkerGlobalScope;

type Kept = { access: string; pair: CryptoKeyPair; jwk: JsonWebKey };

const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const IV_BYTES = 12;
const CALLBACK = '/auth/callback';
const HOME = '/bench/signed/index.html?idle';
const CLIENT = { client_id: 'session-keeper', redirect_uri: location.origin + CALLBACK };
const issuer = new URL(location.origin);
issuer.port = String(Number(issuer.port) + 1);

const records = openRecords('signed');
let kept: Kept | undefined;
let signingIn: { pair: CryptoKeyPair; jwk: JsonWebKey; verifier: string } | undefined;

const base64url = (bytes: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+/=]/g, (sign) =>
    sign === '+' ? '-' : sign === '/' ? '_' : '',
  );
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const part = (value: object): string => base64url(utf8(JSON.stringify(value)));
const digest = async (text: string): Promise<string> => base64url(await crypto.subtle.digest('SHA-256', utf8(text)));

const proof = async ({ pair, jwk }: Pick<Kept, 'pair' | 'jwk'>, claims: object): Promise<string> => {
  const { kty, crv, x, y } = jwk;
  const head = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  const body = part({ jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1_000), ...claims });
  const signature = await crypto.subtle.sign(ES256, pair.privateKey, utf8(`${head}.${body}`));
  return `${head}.${body}.${base64url(signature)}`;
};

const current = async (): Promise<Kept> => {
  if (kept !== undefined) return kept;
  const [key, sealed, pair, jwk] = await records.read('key', 'token', 'pair', 'jwk');
  const { iv, data } = sealed as { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
  const access = new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key as CryptoKey, data));
  kept = { access, pair: pair as CryptoKeyPair, jwk: jwk as JsonWebKey };
  return kept;
};

const authorized = async (request: Request): Promise<Response> => {
  const found = await current();
  const claims = { htm: request.method, htu: request.url, ath: await digest(found.access) };
  const headers = new Headers(request.headers);
  headers.set('authorization', `DPoP ${found.access}`);
  headers.set('dpop', await proof(found, claims));
  return fetch(new Request(request, { headers }));
};

const endpoints = async (): Promise<{ authorization_endpoint: string; token_endpoint: string }> =>
  (await (await fetch(new URL('/.well-known/openid-configuration', issuer))).json()) as Awaited<
    ReturnType<typeof endpoints>
  >;

const beginSignIn = async (): Promise<string> => {
  const pair = await crypto.subtle.generateKey(ES256, false, ['sign', 'verify']);
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  signingIn = { pair, jwk: await crypto.subtle.exportKey('jwk', pair.publicKey), verifier };
  const challenge = { code_challenge: await digest(verifier), code_challenge_method: 'S256' };
  const query = { ...CLIENT, ...challenge, response_type: 'code', scope: 'openid profile offline_access api' };
  return `${(await endpoints()).authorization_endpoint}?${new URLSearchParams(query).toString()}`;
};

/** Twice where the provider demands its nonce in the proof (RFC 9449 §8). */
const exchange = async (code: string, nonce?: string): Promise<string> => {
  if (!signingIn) throw new Error('No sign-in has begun.');
  const { token_endpoint: url } = await endpoints();
  const answer = await fetch(url, {
    method: 'POST',
    headers: { dpop: await proof(signingIn, { htm: 'POST', htu: url, ...(nonce === undefined ? {} : { nonce }) }) },
    body: new URLSearchParams({ ...CLIENT, grant_type: 'authorization_code', code, code_verifier: signingIn.verifier }),
  });
  const demanded = answer.headers.get('dpop-nonce');
  if (!answer.ok && nonce === undefined && demanded !== null) return exchange(code, demanded);
  return ((await answer.json()) as unknown as { access_token: string }).access_token;
};

const endSignIn = async (url: URL): Promise<Response> => {
  const access = await exchange(url.searchParams.get('code') ?? '');
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, utf8(access));
  await records.write({ key, token: { iv, data }, pair: signingIn?.pair, jwk: signingIn?.jwk });
  return Response.redirect(HOME);
};

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => {
  event.waitUntil(beginSignIn().then((address) => event.ports[0]?.postMessage(address)));
});
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (url.pathname.startsWith('/api/')) event.respondWith(authorized(event.request));
  if (url.pathname === CALLBACK) event.respondWith(endSignIn(url));
});
