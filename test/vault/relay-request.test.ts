import { expect, test, vi } from 'vitest';
import type { Transport } from '../../src/page/connection/transport.ts';
import { VAULT_REQUEST, type VaultAnswer, type VaultRequest } from '../../src/protocol/bridge/vault.ts';
import { createRequestRelay } from '../../src/vault/relay-request.ts';

const VAULT = 'https://vault.example.com';
const API = `${VAULT}/api/items`;

vi.stubGlobal('location', new URL(VAULT));

const ask = (more: Partial<VaultRequest> = {}): VaultRequest => ({
  ...{ url: API, method: 'GET', headers: [['x-page', '1']], body: undefined },
  ...{ credentials: 'same-origin', cache: 'default', redirect: 'follow', ...more },
});

const setUp = (answer: (request: Request) => Promise<Response>) => {
  const answers: { answer: VaultAnswer; transfer: readonly unknown[] }[] = [];
  const sent: Request[] = [];
  const transport = {
    fetch(request: Request) {
      sent.push(request);
      return answer(request);
    },
    abort: undefined,
  } as unknown as Transport;
  const relay = createRequestRelay({
    transport,
    covers: (url) => url.startsWith(`${VAULT}/api/`),
    post: (each, transfer = []) => void answers.push({ answer: each, transfer }),
  });
  return { relay, answers, sent };
};

test('sends a request with its body, and transfers the response as a stream', async () => {
  const { relay, answers, sent } = setUp(async () => new Response('done', { status: 201, headers: { 'x-api': '1' } }));
  await relay.send('r1', ask({ method: 'POST', body: new Blob(['body']) }));
  expect([sent[0]?.method, sent[0]?.headers.get('x-page'), await sent[0]?.text()]).toEqual(['POST', '1', 'body']);
  // The page's library marks unsafe requests of its origin, so that a repeated one counts once.
  expect(sent[0]?.headers.get('idempotency-key')).toMatch(/./);
  const [first] = answers;
  if (first?.answer.type !== 'response') throw new Error('no response');
  const { status, headers, body } = first.answer.response;
  expect([status, headers.find(([name]) => name === 'x-api')]).toEqual([201, ['x-api', '1']]);
  expect(first.transfer).toEqual([body]);
  expect(await new Response(body as ReadableStream).text()).toBe('done');
});

test.each([
  ['elsewhere', 'https://evil.example/api/'],
  ['to the worker’s script', `${VAULT}/sw.js`],
  ['to no address', 'nonsense'],
])('sends no request %s', async (_name, url) => {
  const { relay, answers, sent } = setUp(async () => new Response());
  await relay.send('r1', ask({ url }));
  expect([sent, answers.map(({ answer }) => answer)]).toEqual([[], [{ type: 'not-covered', id: 'r1' }]]);
});

test('ends a request that the page gave up', async () => {
  const { relay, answers } = setUp(
    (request) =>
      new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason as Error));
      }),
  );
  const sending = relay.send('r1', ask());
  relay.abort('r1');
  await sending;
  expect(answers.map(({ answer }) => answer)).toMatchObject([{ type: 'failed', id: 'r1', name: 'AbortError' }]);
});

test('passes on why a request failed', async () => {
  const cause = { code: 'no-worker', detail: 'no control' };
  const { relay, answers } = setUp(() => Promise.reject(new TypeError('no-worker', { cause })));
  await relay.send('r1', ask());
  expect(answers[0]?.answer).toEqual({ type: 'failed', id: 'r1', name: 'TypeError', message: 'no-worker', cause });
});

test.each([
  ['a method that browsers forbid', { method: 'TRACE' }],
  ['a header with a line end', { headers: [['x', 'a\r\nb']] as const }],
])('answers that %s is no request', async (_name, more) => {
  const { relay, answers, sent } = setUp(async () => new Response());
  await relay.send('r1', ask(more));
  expect([sent.length, answers[0]?.answer.type]).toEqual([0, 'failed']);
});

test.each([
  ['no address', { url: 7 }],
  ['an unknown redirect mode', { redirect: 'anything' }],
  ['headers that are no pairs', { headers: 'x' }],
])('the schema refuses %s', (_name, more) => {
  expect(VAULT_REQUEST.read({ ...ask(), ...more })).toBeUndefined();
});
