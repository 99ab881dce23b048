import { afterEach, expect, test, vi } from 'vitest';
import type { ShellEntry } from '../../sw/shell/shell-cache.ts';

/* The cache and the network of a worker that is installed. A browser decides the rest (test/browser/updates). */

const ENTRIES: readonly ShellEntry[] = ['/a.js', '/b.js'].map((url) => ({ url, revision: null, integrity: '' }));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Installs the shell. Returns the URLs that were stored, and whether the installation has ended. */
const install = async (
  answer: (request: Request) => Promise<Response>,
  put: (request: Request) => Promise<void> = () => Promise.resolve(),
) => {
  const stored: string[] = [];
  const cache = {
    put: async (request: Request, response: Response) => {
      await response.arrayBuffer();
      await put(request);
      stored.push(new URL(request.url).pathname);
    },
    match: () => Promise.resolve(undefined),
  };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('caches', { open: () => Promise.resolve(cache), match: () => Promise.resolve(undefined) });
  vi.stubGlobal('location', new URL('https://app.example/sw.js'));
  vi.stubGlobal('self', globalThis);
  // The development build of Workbox checks the event's type, and logs.
  vi.stubGlobal('FetchEvent', { [Symbol.hasInstance]: () => false });
  vi.stubGlobal('ExtendableEvent', { [Symbol.hasInstance]: () => true });
  vi.stubGlobal('__WB_DISABLE_DEV_LOGS', true);
  const absolute = (input: RequestInfo): RequestInfo =>
    typeof input === 'string' ? new URL(input, 'https://app.example/').href : input;
  vi.stubGlobal(
    'Request',
    class extends Request {
      constructor(input: RequestInfo, init?: RequestInit) {
        super(absolute(input), init);
      }
    },
  );
  vi.stubGlobal('fetch', (input: RequestInfo, init?: RequestInit) => answer(new Request(absolute(input), init)));
  // Workbox reads `self` and `location` when it is loaded.
  const { createShellCache } = await import('../../sw/shell/shell-cache.ts');
  const shell = createShellCache({ entries: ENTRIES, document: '/a.js' });
  const event = { type: 'install', waitUntil: () => undefined };
  const outcome = { stored, state: 'pending' };
  shell.install(event as never).then(
    () => (outcome.state = 'installed'),
    () => (outcome.state = 'failed'),
  );
  return outcome;
};

const file = (): Promise<Response> => Promise.resolve(new Response('text'));
const after = (ms: number): Promise<Response> =>
  new Promise((done) => void setTimeout(() => done(new Response('text')), ms));
/** Ends with its signal only. */
const hang = ({ signal }: Request): Promise<Response> =>
  new Promise((_, fail) => {
    const end = (): void => fail(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
const isFirst = ({ url }: Request): boolean => url.endsWith('/a.js');

test('asks once more, past the HTTP cache, for a file that never comes', async () => {
  const outcome = await install((request) => (isFirst(request) && request.cache !== 'reload' ? hang(request) : file()));
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/b.js'], state: 'pending' }), { interval: 1 });
  await vi.advanceTimersByTimeAsync(8_000);
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/b.js', '/a.js'], state: 'installed' }));
});

test('goes without a file that the cache never stores, when the network answers', async () => {
  const outcome = await install(file, (request) =>
    isFirst(request) ? new Promise(() => undefined) : Promise.resolve(),
  );
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/b.js'], state: 'pending' }), { interval: 1 });
  await vi.advanceTimersByTimeAsync(16_500);
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/b.js'], state: 'installed' }));
});

test('fails within 20 s when the network hangs, so that the browser tries it again later', async () => {
  const outcome = await install(hang);
  await vi.advanceTimersByTimeAsync(18_900);
  expect(outcome).toEqual({ stored: [], state: 'pending' });
  await vi.advanceTimersByTimeAsync(200);
  await vi.waitFor(() => expect(outcome.state).toBe('failed'));
});

test('waits for a slow network as long as files arrive', async () => {
  let asked = 0;
  const outcome = await install(() => after(7_000 * (asked += 1)));
  await vi.advanceTimersByTimeAsync(7_000);
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/a.js'], state: 'pending' }), { interval: 1 });
  await vi.advanceTimersByTimeAsync(7_000);
  await vi.waitFor(() => expect(outcome).toEqual({ stored: ['/a.js', '/b.js'], state: 'installed' }));
});

test('stores no answer that is an error, and ends', async () => {
  const outcome = await install(() => Promise.resolve(new Response('', { status: 503 })));
  await vi.waitFor(() => expect(outcome).toEqual({ stored: [], state: 'installed' }));
});
