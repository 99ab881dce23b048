import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, FAILED_REQUEST, test } from '../../support/e2e.ts';
import { expectSession, sessionStateOf } from '../../support/page/keeper-page.ts';
import { fetchOnce } from '../../support/page/page-fetch.ts';
import {
  embeddingConfig,
  keeperScript,
  openSite,
  PLAIN_PAGE,
  signInSite,
  startEmbeddingSite,
  type EmbeddingSite,
} from '../../support/sites/embedding-site.ts';

/* An API on another origin that sends its CORS headers with a 200, and neither with a 401 nor with an error. */

let site: EmbeddingSite;
let api: EmbeddingSite;
/** Tokens that this API refuses. */
const refused = new Set<string | undefined>();
const calls: string[] = [];
let first: string | undefined;

const answerItems = ({ method = '', headers }: IncomingMessage, response: ServerResponse): void => {
  const allowed = {
    'access-control-allow-origin': site.origin,
    'access-control-allow-headers': 'authorization',
    'access-control-allow-methods': 'GET, POST',
  };
  if (method === 'OPTIONS') return void response.writeHead(204, allowed).end();
  first ??= headers.authorization;
  const isGood = headers.authorization !== undefined && !refused.has(headers.authorization);
  calls.push(`${method} ${isGood ? 200 : 401}`);
  response.writeHead(isGood ? 200 : 401, isGood ? allowed : {}).end('[]');
};

test.beforeEach(async ({ page, complaints }) => {
  complaints.expect(FAILED_REQUEST, /CORS/);
  refused.clear();
  calls.length = 0;
  first = undefined;
  site = await startEmbeddingSite();
  api = await startEmbeddingSite();
  api.serve('/v1/items', answerItems);
  const config = embeddingConfig('/', {
    api: [
      { origin: 'self', path: '/api/' },
      { origin: api.origin, path: '/v1/' },
    ],
  });
  site.serve('/', PLAIN_PAGE);
  site.serve('/sw.js', await keeperScript(config));
  await openSite(page, site.origin, '/sw.js');
  await signInSite(page);
});
test.afterEach(() => Promise.all([site.stop(), api.stop()]));

test('renews the token that an API refuses without CORS headers, and says so to developers [hidden-401-browser]', async ({
  page,
}) => {
  const notes: string[] = [];
  page.context().on('console', (message) => notes.push(message.text()));
  const items = `${api.origin}/v1/items`;
  expect(await fetchOnce(page, items)).toBe(200);
  refused.add(first);
  expect(await fetchOnce(page, items)).toBe(200);
  expect(calls).toEqual(['GET 200', 'GET 401', 'GET 200']);
  await expect
    .poll(() => notes.filter((note) => note.includes(`CORS hides an answer of ${api.origin}`)))
    .toHaveLength(1);
  expect(await sessionStateOf(page)).toBe('active');
});

test('ends the session that such an API refuses when the provider has ended it [hidden-401-ended]', async ({
  page,
}) => {
  const items = `${api.origin}/v1/items`;
  expect(await fetchOnce(page, items)).toBe(200);
  refused.add(first);
  site.revoke();
  expect(await fetchOnce(page, items)).toBe('network error');
  await expectSession(page, 'signed-out');
});

test('renews no token while the API is down', async ({ page }) => {
  const items = `${api.origin}/v1/items`;
  expect(await fetchOnce(page, items)).toBe(200);
  await api.stop();
  site.received.length = 0;
  expect(await fetchOnce(page, items)).toBe('network error');
  expect(await fetchOnce(page, '/api/items')).toBe(200);
  expect(site.received.map(({ path }) => path)).toEqual(['/api/items']);
  api = await startEmbeddingSite();
});
