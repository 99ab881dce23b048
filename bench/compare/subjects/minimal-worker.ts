/** The floor of a worker that keeps a secret: it reads one record, decrypts it, and authorizes the request with it. */

import { openRecords } from './record.ts';

declare const self: ServiceWorkerGlobalScope;

const IV_BYTES = 12;
const records = openRecords('minimal');
let access: string | undefined;

const accessToken = async (): Promise<string> => {
  if (access !== undefined) return access;
  const [key, sealed] = await records.read('key', 'token');
  const { iv, data } = sealed as { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
  access = new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key as CryptoKey, data));
  return access;
};

const keep = async (token: string): Promise<void> => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(token));
  await records.write({ key, token: { iv, data } });
  access = token;
};

const authorized = async (request: Request): Promise<Response> => {
  const headers = new Headers(request.headers);
  headers.set('authorization', `Bearer ${await accessToken()}`);
  return fetch(new Request(request, { headers }));
};

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('message', (event) => {
  const { token } = event.data as { token: string };
  event.waitUntil(keep(token).then(() => event.ports[0]?.postMessage('kept')));
});
self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname.startsWith('/api/') && !pathname.endsWith('/login')) event.respondWith(authorized(event.request));
});
