import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';

export type Answer = {
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  /** `Set-Cookie` lines. */
  cookies: readonly string[];
  /** The first megabyte. */
  body: string;
};

/** `silent`: no connection, no answer in time, or a connection cut before an answer. */
export type Probe = { type: 'answer'; answer: Answer } | { type: 'silent'; detail: string };

export type ProbeOptions = {
  method?: 'GET' | 'POST' | 'OPTIONS';
  /** Sent as they are: unlike `fetch`, this may set `Cookie`, `Origin` and `Sec-Fetch-*`. */
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
  // A name with several addresses fails with an AggregateError that has no message of its own.
  return error.message === '' ? code : error.message;
};

/**
 * One request, no redirect followed, no retry. A connection of its own each time, so that an answer that ends one
 * (431, 414) cannot spoil the next.
 */
export const probe = (url: string, timeoutMs: number, options: ProbeOptions = {}): Promise<Probe> =>
  new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const silent = (error: unknown): void =>
      resolve({ type: 'silent', detail: signal.aborted ? `nothing within ${timeoutMs} ms` : readable(error) });
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const { method = 'GET', headers = {}, body } = options;
    const outgoing = send(url, { method, headers, agent: false, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        const { 'set-cookie': cookies = [], ...rest } = incoming.headers;
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          type: 'answer',
          answer: { url, status: incoming.statusCode ?? 0, headers: rest, cookies, body: text },
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
      incoming.once('error', silent);
    });
    outgoing.once('error', silent);
    outgoing.on('upgrade', (incoming, socket) => {
      socket.destroy();
      const { 'set-cookie': cookies = [], ...rest } = incoming.headers;
      resolve({ type: 'answer', answer: { url, status: 101, headers: rest, cookies, body: '' } });
    });
    outgoing.end(body);
  });

export const header = (answer: Answer, name: string): string => {
  const value = answer.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
};

export const mediaType = (answer: Answer): string =>
  header(answer, 'content-type').split(';')[0]?.trim().toLowerCase() ?? '';

/** `Cookie` of a browser that got these `Set-Cookie` lines. */
export const cookieFrom = (lines: readonly string[]): string =>
  lines.map((line) => line.split(';')[0] ?? '').join('; ');
