import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { authorizePageFetch, formerFetch } from '../../src/page/in-page/authorized-page-fetch.ts';

const covers = ({ pathname }: URL): boolean => pathname.startsWith('/api/');
const answer = (text: string) => async () => new Response(text);
const own = answer('browser');
const textOf = async (path: string): Promise<string> => (await fetch(`https://app.example${path}`)).text();

beforeEach(() => {
  vi.stubGlobal('fetch', own);
  vi.stubGlobal('document', { baseURI: 'https://app.example/' });
});
afterEach(() => vi.unstubAllGlobals());

test('authorizes what the allow-list covers, until it ends', async () => {
  const end = authorizePageFetch(own, covers, answer('host'));
  expect([await textOf('/api/x'), await textOf('/other')]).toEqual(['host', 'browser']);
  end();
  expect(globalThis.fetch).toBe(own);
});

test('authorizes once where two copies of the library run, and ends in either order', async () => {
  const first = authorizePageFetch(formerFetch(), covers, answer('first'));
  const second = authorizePageFetch(formerFetch(), covers, answer('second'));
  expect(await textOf('/api/x')).toBe('second');
  first();
  expect(await textOf('/api/x')).toBe('second');
  second();
  expect(await textOf('/api/x')).toBe('browser');
});

test('passes requests on where another script has wrapped it', async () => {
  const end = authorizePageFetch(own, covers, answer('host'));
  const { fetch: mine } = globalThis;
  vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) => mine(...args));
  end();
  expect(await textOf('/api/x')).toBe('browser');
});
