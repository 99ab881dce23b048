import { send as sendFrom } from '../page/requests/keeper-fetch.ts';
import type { Transport } from '../page/connection/transport.ts';
import type { VaultAnswer, VaultRequest, VaultResponse } from '../protocol/bridge/vault.ts';
import { parsedUrl } from '../page/util/parsed-url.ts';

export type RequestRelayOptions = {
  transport: Transport;
  /** Whether the configuration authorizes requests to this address. The vault sends no other ones. */
  covers(address: string): boolean;
  post(answer: VaultAnswer, transfer?: Transferable[]): void;
};

export type RequestRelay = { send(id: string, request: VaultRequest): Promise<void>; abort(id: string): void };

/** Chromium and Firefox can (https://streams.spec.whatwg.org/#rs-transfer). WebKit cannot. */
const transfersStreams = ((): boolean => {
  try {
    const stream = new ReadableStream();
    structuredClone(stream, { transfer: [stream] });
    return true;
  } catch {
    return false;
  }
})();

const requestOf = ({ url, method, headers, body, credentials, cache, redirect }: VaultRequest, signal: AbortSignal) =>
  new Request(url, {
    ...{ method, credentials, cache, redirect, signal },
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    body: body instanceof Blob && body.size > 0 ? body : null,
  });

/** The body as it arrives. `end` is called when it is complete, or when one of the two sides gives it up. */
const streamOf = ({ body }: Response, signal: AbortSignal, end: () => void): ReadableStream | null => {
  if (!body) {
    end();
    return null;
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  body.pipeTo(writable, { signal }).then(end, end);
  return readable;
};

const dataOf = async (response: Response, signal: AbortSignal, end: () => void): Promise<VaultResponse> => {
  const { url, status, statusText, headers, redirected } = response;
  if (!transfersStreams) {
    const body = await response.arrayBuffer().finally(end);
    return { url, status, statusText, headers: [...headers], redirected, body };
  }
  const body = streamOf(response, signal, end);
  return { url, status, statusText, headers: [...headers], redirected, body };
};

const failureOf = (id: string, error: unknown): VaultAnswer => {
  const { name, message, cause } =
    error instanceof Error || error instanceof DOMException ? error : new TypeError('network');
  return { type: 'failed', id, name, message, cause: JSON.parse(JSON.stringify(cause ?? null)) as unknown };
};

/** Sends requests of the embedding page through the worker, and its responses back as streams. */
export const createRequestRelay = ({ transport, covers, post }: RequestRelayOptions): RequestRelay => {
  const running = new Map<string, AbortController>();
  return {
    async send(id, request) {
      if (!parsedUrl(request.url) || !covers(request.url)) return post({ type: 'not-covered', id });
      const end = new AbortController();
      running.set(id, end);
      try {
        const received = await sendFrom(transport, requestOf(request, end.signal));
        const response = await dataOf(received, end.signal, () => running.delete(id));
        post(
          { type: 'response', id, response },
          [response.body].filter((each) => each instanceof ReadableStream),
        );
      } catch (error) {
        running.delete(id);
        post(failureOf(id, error));
      }
    },
    abort(id) {
      running.get(id)?.abort();
      running.delete(id);
    },
  };
};
