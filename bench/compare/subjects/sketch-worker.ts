/**
 * The least that keeps a session in a worker: the tokens in IndexedDB, one refresh at a time, and `Authorization` on
 * requests below `/api/`. It survives no crash in a refresh, no lost answer, and no second worker.
 */

import { openRecords } from './record.ts';

declare const self: ServiceWorkerGlobalScope;

type Tokens = { access_token: string; refresh_token: string; expiresAt: number };
type TokenAnswer = { access_token: string; refresh_token: string; expires_in: number };

const UNAUTHORIZED = 401;
const records = openRecords('sketch');
let tokens: Tokens | undefined;
let refreshing: Promise<Tokens> | undefined;

const take = async (path: string, body: unknown): Promise<Tokens> => {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  const { access_token, refresh_token, expires_in } = (await response.json()) as unknown as TokenAnswer;
  tokens = { access_token, refresh_token, expiresAt: Date.now() + expires_in * 1_000 };
  await records.write({ tokens });
  return tokens;
};

/** The stored tokens, or newer ones if these have expired or the backend has refused them. */
const current = async (refused?: string): Promise<Tokens> => {
  tokens ??= (await records.read('tokens'))[0] as Tokens;
  if (tokens.expiresAt > Date.now() && tokens.access_token !== refused) return tokens;
  refreshing ??= take('/api/v1/auth/refresh', { refresh_token: tokens.refresh_token }).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
};

const send = (request: Request, token: string): Promise<Response> => {
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${token}`);
  return fetch(new Request(request, { headers }));
};

const authorized = async (request: Request): Promise<Response> => {
  const { access_token } = await current();
  const response = await send(request.clone(), access_token);
  return response.status === UNAUTHORIZED ? send(request, (await current(access_token)).access_token) : response;
};

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => {
  event.waitUntil(take('/api/v1/auth/login', event.data).then(() => event.ports[0]?.postMessage('kept')));
});
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname.startsWith('/api/')) event.respondWith(authorized(event.request));
});
