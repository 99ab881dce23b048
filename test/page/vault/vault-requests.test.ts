import { expect, test, vi } from 'vitest';
import type { VaultQuestion } from '../../../src/protocol/bridge/vault.ts';
import { createVaultRequests, type Sent } from '../../../src/page/vault/vault-requests.ts';
import type { VaultLink } from '../../../src/page/vault/vault-link.ts';

const URL_OF_API = 'https://vault.example.com/api/items';

/** A frame whose document can go and come. */
const setUp = () => {
  const questions: VaultQuestion[] = [];
  let lost = new AbortController();
  let signal: AbortSignal | undefined = lost.signal;
  const link: VaultLink = {
    opened: async () => signal,
    post: (question) => void questions.push(question),
    close: () => undefined,
  };
  const requests = createVaultRequests(link);
  const asked = async (index: number): Promise<string> => {
    await expect.poll(() => questions[index]?.type).toBe('fetch');
    const question = questions[index];
    return question && 'id' in question ? question.id : '';
  };
  return {
    requests,
    questions,
    asked,
    signal: lost.signal,
    lose() {
      const former = lost;
      lost = new AbortController();
      signal = lost.signal;
      former.abort(new TypeError('network'));
    },
    refuse: () => (signal = undefined),
  };
};

const response = (body: unknown, status = 200) => ({
  ...{ url: URL_OF_API, status, statusText: '', redirected: false, body },
  headers: [['x-api', '1']] as const,
});

const answered = async (sending: Promise<Sent>): Promise<Response> => {
  const sent = await sending;
  if (sent.type !== 'answered') throw new Error('not covered');
  return sent.response;
};

const streamOf = (...chunks: readonly string[]): ReadableStream =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

test.each([
  ['a stream', streamOf('a', 'b')],
  ['bytes', new TextEncoder().encode('ab').buffer],
])('gives the page the response as `fetch` does, from %s', async (_name, body) => {
  const { requests, asked } = setUp();
  const sending = requests.send(new Request(URL_OF_API));
  requests.receive({ type: 'response', id: await asked(0), response: response(body) });
  const received = await answered(sending);
  expect([received.status, received.url, received.headers.get('x-api')]).toEqual([200, URL_OF_API, '1']);
  expect(await received.text()).toBe('ab');
});

test('gives a 204 no body', async () => {
  const { requests, asked } = setUp();
  const sending = requests.send(new Request(URL_OF_API));
  requests.receive({ type: 'response', id: await asked(0), response: response(streamOf(), 204) });
  expect((await answered(sending)).body).toBeNull();
});

test.each([
  [0, 'opaqueredirect'],
  [999, 'default'],
])('gives the page a response of status %i, which no page can make', async (status, type) => {
  const { requests, asked } = setUp();
  const sending = requests.send(new Request(URL_OF_API, { redirect: 'manual' }));
  requests.receive({ type: 'response', id: await asked(0), response: response(null, status) });
  const received = await answered(sending);
  expect([received.status, received.type, received.ok, received.url]).toEqual([status, type, false, URL_OF_API]);
});

test('sends a request that changes nothing again when the frame goes, and fails another one', async () => {
  const { requests, asked, lose } = setUp();
  const reading = requests.send(new Request(URL_OF_API));
  const first = await asked(0);
  const writing = requests.send(new Request(URL_OF_API, { method: 'POST', body: 'x' }));
  await asked(1);
  lose();
  await expect(writing).rejects.toThrow(new TypeError('network'));
  expect(await asked(2)).toBe(first);
  requests.receive({ type: 'response', id: first, response: response(null) });
  expect((await answered(reading)).status).toBe(200);
});

test('ends a body that is still coming when the frame goes', async () => {
  const { requests, asked, lose } = setUp();
  const sending = requests.send(new Request(URL_OF_API));
  requests.receive({ type: 'response', id: await asked(0), response: response(new ReadableStream()) });
  const reading = (await answered(sending)).text();
  lose();
  await expect(reading).rejects.toThrow('network');
});

test('rejects as `fetch` does when the page gives up, and says so to the frame', async () => {
  const { requests, questions, asked } = setUp();
  const end = new AbortController();
  const sending = requests.send(new Request(URL_OF_API, { signal: end.signal }));
  const id = await asked(0);
  end.abort();
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
  expect(questions.at(-1)).toEqual({ type: 'abort', id });
  await expect(requests.send(new Request(URL_OF_API, { signal: end.signal }))).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('sends nothing when the page gives up while the body of its request is read', async () => {
  const { requests, questions } = setUp();
  const end = new AbortController();
  const request = new Request(URL_OF_API, { method: 'POST', body: 'x', signal: end.signal });
  let finish = (_body: Blob): void => undefined;
  request.blob = () => new Promise((resolve) => (finish = resolve));
  const sending = requests.send(request);
  end.abort();
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
  finish(new Blob(['x']));
  await new Promise(setImmediate);
  expect(questions.filter(({ type }) => type === 'fetch')).toEqual([]);
});

test('listens once for the loss of a frame, for any number of requests', async () => {
  const { requests, asked, signal } = setUp();
  const listen = vi.spyOn(signal, 'addEventListener');
  for (const index of [0, 1, 2]) {
    const sending = requests.send(new Request(URL_OF_API));
    requests.receive({ type: 'response', id: await asked(index), response: response(null) });
    await sending;
  }
  expect(listen).toHaveBeenCalledTimes(1);
});

test('rejects with the reason of the vault', async () => {
  const { requests, asked } = setUp();
  const cause = { code: 'no-worker', detail: 'x' };
  const sending = requests.send(new Request(URL_OF_API));
  requests.receive({ type: 'failed', id: await asked(0), name: 'TypeError', message: 'no-worker', cause });
  await expect(sending).rejects.toMatchObject({ name: 'TypeError', cause });
});

test('gives a request back with its body when the vault does not authorize it', async () => {
  const { requests, asked } = setUp();
  const sending = requests.send(new Request(URL_OF_API, { method: 'POST', body: 'text', headers: { 'x-page': '1' } }));
  requests.receive({ type: 'not-covered', id: await asked(0) });
  const sent = await sending;
  if (sent.type !== 'not-covered') throw new Error('answered');
  const { request } = sent;
  expect([request.url, request.method, request.headers.get('x-page')]).toEqual([URL_OF_API, 'POST', '1']);
  expect(await request.text()).toBe('text');
});

test('rejects with `no-worker` when the vault does not answer', async () => {
  const { requests, refuse } = setUp();
  refuse();
  await expect(requests.send(new Request(URL_OF_API))).rejects.toMatchObject({
    name: 'TypeError',
    cause: { code: 'no-worker' },
  });
});
