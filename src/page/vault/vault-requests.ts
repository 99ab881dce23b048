import type { VaultAnswer, VaultRequest, VaultResponse } from '../../protocol/bridge/vault.ts';
import { newId } from '../../protocol/ids.ts';
import type { VaultLink } from './vault-link.ts';

/** A request of this page as data. The body becomes a Blob: a handle, which a message copies without its bytes. */
const dataOf = async (request: Request): Promise<VaultRequest> => {
  const { url, method, headers, credentials, cache, redirect } = request;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? await request.blob() : undefined;
  return { url, method, headers: [...headers], credentials, cache, redirect, body };
};

const withBody = (request: Request, { body }: VaultRequest): Request =>
  new Request(request, body instanceof Blob ? { body } : {});

/** Statuses whose response must have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A stream whose other end is gone says nothing, so the loss of the frame has to end it. */
const bodyOf = ({ status, body }: VaultResponse, lost: AbortSignal): BodyInit | null => {
  if (WITHOUT_BODY.has(status)) return null;
  if (body instanceof ReadableStream) {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    body.pipeTo(writable, { signal: lost }).catch(() => {});
    return readable;
  }
  return body instanceof ArrayBuffer ? body : null;
};

/** No page can make a response with another status (https://fetch.spec.whatwg.org/#initialize-a-response). */
const canConstruct = (status: number): boolean => status >= 200 && status <= 599;

const responseOf = (data: VaultResponse, lost: AbortSignal): Response => {
  const { status, statusText, headers, url, redirected } = data;
  const response = new Response(bodyOf(data, lost), {
    status: canConstruct(status) ? status : 200,
    statusText,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
  const asItIs = { url: { value: url }, redirected: { value: redirected } };
  if (canConstruct(status)) return Object.defineProperties(response, asItIs);
  // Status 0: a redirect that the request did not want to follow (`redirect: 'manual'`).
  const type = { value: status === 0 ? 'opaqueredirect' : response.type };
  return Object.defineProperties(response, { ...asItIs, type, status: { value: status }, ok: { value: false } });
};

const errorOf = ({ name, message, cause }: VaultAnswer & { type: 'failed' }): Error =>
  name === 'TypeError' ? new TypeError(message, { cause }) : new DOMException(message, name);

/** `not-covered`: the vault authorizes no such request. This is the same one, to send without it. */
export type Sent = { type: 'answered'; response: Response } | { type: 'not-covered'; request: Request };

export type VaultRequests = {
  /** Rejects as `fetch` does. */
  send(request: Request): Promise<Sent>;
  receive(answer: VaultAnswer): void;
};

type Pending = {
  request: VaultRequest;
  /** Its body is read already. */
  original: Request;
  lost: AbortSignal;
  resolve(sent: Sent): void;
  reject(error: unknown): void;
};

/** Requests over the frame. When it goes, those that change nothing are sent again; the others fail as without a network. */
export const createVaultRequests = (link: VaultLink): VaultRequests => {
  const pending = new Map<string, Pending>();
  const watched = new WeakSet<AbortSignal>();
  const isSafe = ({ method }: VaultRequest): boolean => method === 'GET' || method === 'HEAD';

  const post = async (id: string): Promise<void> => {
    const lost = await link.opened();
    const waiting = pending.get(id);
    if (!waiting) return;
    if (!lost) {
      pending.delete(id);
      const cause = { code: 'no-worker', detail: 'the vault does not answer' };
      return waiting.reject(new TypeError('no-worker', { cause }));
    }
    waiting.lost = lost;
    watch(lost);
    link.post({ type: 'fetch', id, request: waiting.request });
  };

  /** One listener for each document: a page sends any number of requests before its frame goes. */
  const watch = (lost: AbortSignal): void => {
    if (watched.has(lost)) return;
    watched.add(lost);
    lost.addEventListener('abort', () => onLost(lost), { once: true });
  };

  const onLost = (lost: AbortSignal): void => {
    for (const [id, waiting] of pending) {
      if (waiting.lost !== lost) continue;
      if (isSafe(waiting.request)) {
        void post(id);
        continue;
      }
      pending.delete(id);
      waiting.reject(new TypeError('network'));
    }
  };

  return {
    async send(request) {
      const { signal } = request;
      signal.throwIfAborted();
      const id = newId();
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          // It also ends a body that is still coming.
          link.post({ type: 'abort', id });
          pending.delete(id);
          reject(signal.reason as Error);
        });
        // The page may give up while its own body is read, too.
        const start = (data: VaultRequest): void => {
          if (signal.aborted) return;
          pending.set(id, { request: data, original: request, lost: signal, resolve, reject });
          void post(id);
        };
        dataOf(request).then(start, reject);
      });
    },
    receive(answer) {
      if (answer.type !== 'response' && answer.type !== 'failed' && answer.type !== 'not-covered') return;
      const waiting = pending.get(answer.id);
      if (!pending.delete(answer.id) || !waiting) return;
      if (answer.type === 'failed') return waiting.reject(errorOf(answer));
      waiting.resolve(
        answer.type === 'response'
          ? { type: 'answered', response: responseOf(answer.response, waiting.lost) }
          : { type: 'not-covered', request: withBody(waiting.original, waiting.request) },
      );
    },
  };
};
