import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';

export type HttpResponse = {
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  /** `Set-Cookie` lines. */
  cookies: readonly string[];
  /** At most the first mebibyte, as UTF-8. */
  body: string;
};

/** `no-response`: no connection, a timeout (`hung`), or a connection cut before the response. */
export type SendResult =
  | { type: 'response'; response: HttpResponse }
  | { type: 'no-response'; detail: string; hung: boolean };

export type RequestOptions = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Sent unchanged. Unlike `fetch`, `node:http` lets us set `Cookie`, `Origin` and `Sec-Fetch-*`. */
  headers?: Readonly<Record<string, string>>;
  body?: string;
};

const MAX_BODY_BYTES = 1_048_576;

/** What a browser sends with a top-level navigation. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
} as const;

/** What a browser sends when it registers or updates a worker (Fetch standard, Service Workers §"Update"). */
export const WORKER_FETCH = {
  accept: '*/*',
  'service-worker': 'script',
  'sec-fetch-dest': 'serviceworker',
  'sec-fetch-mode': 'same-origin',
  'sec-fetch-site': 'same-origin',
} as const;

const readable = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // A host name with several addresses fails with an AggregateError whose message is empty.
  return error.message === '' ? code : error.message;
};

/**
 * Sends one request: no redirect, no retry, and a new connection each time. Servers close the connection after some
 * errors (414, 431), which would break the next request on it.
 */
export const sendRequest = (url: string, timeoutMs: number, options: RequestOptions = {}): Promise<SendResult> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const noResponse = (error: unknown): void =>
      resolve({
        type: 'no-response',
        detail: signal.aborted ? `nothing within ${timeoutMs} ms` : readable(error),
        hung: signal.aborted,
      });
    const requestOver = url.startsWith('https:') ? requestHttps : requestHttp;
    const { method = 'GET', headers = {}, body } = options;
    const outgoing = requestOver(url, { method, headers, agent: false, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        const { 'set-cookie': cookies = [], ...rest } = incoming.headers;
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          type: 'response',
          response: { url, status: incoming.statusCode ?? 0, headers: rest, cookies, body: text },
        });
      };
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes < MAX_BODY_BYTES) return;
        finish();
        incoming.destroy();
      });
      incoming.once('end', finish);
      incoming.once('error', noResponse);
    });
    outgoing.once('error', noResponse);
    outgoing.on('upgrade', (incoming, socket) => {
      socket.destroy();
      const { 'set-cookie': cookies = [], ...rest } = incoming.headers;
      resolve({ type: 'response', response: { url, status: 101, headers: rest, cookies, body: '' } });
    });
    outgoing.end(body);
  });

export const header = (answer: HttpResponse, name: string): string => {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
};

export const mediaType = (answer: HttpResponse): string =>
  header(answer, 'content-type').split(';')[0]?.trim().toLowerCase() ?? '';

/** The `Cookie` header that a browser sends after these `Set-Cookie` lines. */
export const cookieFrom = (lines: readonly string[]): string =>
  lines.map((line) => line.split(';')[0] ?? '').join('; ');
