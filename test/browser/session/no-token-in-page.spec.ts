import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page, Request } from '@playwright/test';
import type { SignInKind } from '../../../src/protocol/snapshot.ts';
import { startApp, type App } from '../../support/server/app.ts';
import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { connectKeeper, sessionStateOf, snapshotOf } from '../../support/page/keeper-page.ts';
import { createFaultClient, type FaultClient } from '../../support/server/fault-client.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import { keepMessages, readableBy } from '../../support/page/readable.ts';
import { collectSecrets, openWireTap, type Secrets, type WireTap } from '../../support/page/secrets.ts';
import { SIGN_IN_KINDS, signInByHand } from '../../support/page/sign-in.ts';
import { killWorkers } from '../../support/browser/worker-kill.ts';

/** Secrets that must have been sent, or the test proves nothing. */
const ISSUED: Record<SignInKind, readonly string[]> = {
  oidc: ['access_token', 'code', 'code_verifier', 'id_token', 'refresh_token', 'seal', 'ticket'],
  password: ['access_token', 'refresh_token', 'seal', 'ticket'],
  ticket: ['cookie __Host-keeper-session', 'seal', 'token'],
};

/** The app's own answers to its pages. No script of the app can read the provider's pages. */
const collectTraffic = (context: BrowserContext, origin: string): { text(): Promise<string> } => {
  const parts: Promise<string>[] = [];
  const read = async (request: Request): Promise<string> => {
    const response = await request.response();
    const { 'set-cookie': _, ...headers } = response?.headers() ?? {};
    // A redirect has no body. Nor has a response whose document has gone.
    const body = await response?.text().catch(() => '');
    return [request.url(), JSON.stringify(headers), body].join('\n');
  };
  context.on('requestfinished', (request) => {
    const url = new URL(request.url());
    // The worker takes the callback URL, and no document has it.
    if (request.serviceWorker() || url.origin !== origin || url.pathname === '/auth/callback') return;
    parts.push(read(request));
  });
  return { text: async () => (await Promise.all(parts)).join('\n') };
};

/** Runs everything in a page that handles a token. */
const useIt = async (page: Page, lab: FaultClient, kind: SignInKind): Promise<void> => {
  expect(await fetchOnce(page)).toBe(200);
  await page.evaluate(async (events) => {
    if (!events) return window.keeper.channel('h').publish('hello');
    const socket = window.keeper.socket('/api/events');
    return new Promise((resolve) => socket.addEventListener('message', () => resolve(undefined), { once: true }));
  }, kind === 'ticket');
  if (kind !== 'ticket') {
    await lab.add({ at: 'token', kind: 'lost', times: 2 });
    await lab.expireTokens();
    await fetchOnce(page);
    await expect.poll(() => sessionStateOf(page)).toBe('active');
    await lab.clear();
  }
  await killWorkers(page);
  expect(await fetchOnce(page)).toBe(200);
};

const savedJournal = async (page: Page): Promise<string> => {
  await page.getByRole('link', { name: 'Timeline' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'File', exact: true }).click();
  await page.getByRole('button', { name: 'Save as file' }).click();
  return readFile(await (await download).path(), 'utf8');
};

let tap: WireTap;
let app: App;
let lab: FaultClient;
test.beforeAll(async () => {
  tap = await openWireTap();
  app = await startApp({ env: tap.env });
  lab = createFaultClient(app.origin);
});
test.afterAll(async () => {
  await app.stop();
  await tap.remove();
});

const expectNothingIn = (secrets: Secrets, readable: Readonly<Record<string, string>>): void => {
  for (const [place, text] of Object.entries(readable)) expect(secrets.foundIn(text), place).toEqual([]);
};

for (const kind of SIGN_IN_KINDS) {
  test(`${kind}: page script can read no issued secret [no-token-in-page]`, async ({ page, context, complaints }) => {
    complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
    const secrets = collectSecrets(context, app.origin, tap);
    const traffic = collectTraffic(context, app.origin);
    const said: string[] = [];
    context.on('console', (message) => said.push(message.text()));
    await keepMessages(context);

    await signInByHand(page, app.origin, kind);
    await connectKeeper(page);
    await useIt(page, lab, kind);
    await secrets.gather();
    const inUse = await readableBy(page);
    const journal = await savedJournal(page);
    expect((await snapshotOf(page)).tier).toBe('sealed');
    expect(inUse['IndexedDB']).not.toContain('CryptoKey');
    expect(inUse['IndexedDB']).toContain('sealed');

    await page.evaluate(() => window.keeper.signOut());
    await expect.poll(() => sessionStateOf(page)).toBe('signed-out');
    const afterwards = await readableBy(page);

    await secrets.gather();
    expect(secrets.names()).toEqual(expect.arrayContaining([...ISSUED[kind]]));
    expectNothingIn(secrets, {
      ...inUse,
      'saved journal': journal,
      console: said.join('\n'),
      traffic: await traffic.text(),
    });
    expectNothingIn(secrets, afterwards);
  });
}

/** Writes the text to all places that a careless script could use. Returns these places. */
const plant = (page: Page, text: string): Promise<readonly string[]> =>
  page.evaluate(async (leaked) => {
    localStorage.setItem('leak', leaked);
    sessionStorage.setItem('leak', leaked);
    document.cookie = `leak=${leaked}`;
    history.replaceState({ leaked }, '');
    await (await caches.open('leak')).put('/leak', new Response(leaked));
    const opening = indexedDB.open('leak');
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('leak'));
    await new Promise((resolve) => opening.addEventListener('success', resolve));
    const writing = opening.result.transaction('leak', 'readwrite');
    writing.objectStore('leak').put({ deep: { bytes: new TextEncoder().encode(leaked) } }, 'leak');
    await new Promise((resolve) => writing.addEventListener('complete', resolve));
    opening.result.close();
    const { port1, port2 } = new MessageChannel();
    const received = new Promise((resolve) => (port2.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data)));
    port1.postMessage({ leaked });
    await received;
    const host = document.body.appendChild(document.createElement('div'));
    host.attachShadow({ mode: 'open' }).appendChild(document.createElement('p')).textContent = leaked;
    await (await fetch(`/favicon.svg?leak=${leaked}`)).text();
    return [
      'localStorage',
      'sessionStorage',
      'cookies',
      'address',
      'caches',
      'IndexedDB',
      'messages',
      'document',
      'timing',
    ];
  }, text);

test('finds a token in each place that the test above searches', async ({ page, context }) => {
  const secrets = collectSecrets(context, app.origin, tap);
  await keepMessages(context);
  await signInByHand(page, app.origin, 'password');
  await connectKeeper(page);
  await secrets.gather();
  const [token] = secrets.values('refresh_token');
  if (token === undefined) throw new Error('No refresh token was issued.');
  const places = await plant(page, token);
  const readable = await readableBy(page);
  for (const place of places) expect(secrets.foundIn(readable[place] ?? ''), place).toEqual(['refresh_token']);
});
