import type { IncomingMessage } from 'node:http';
import { authKindOf, type AuthKind } from './access.ts';
import { subOf } from './request-notes.ts';
import type { CookieSessions } from './ticket-kind.ts';

/** `status` 0: the connection broke before an answer. `at` in ms since the epoch; `path` without its query. */
export type LogEntry = {
  id: number;
  at: number;
  method: string;
  path: string;
  status: number;
  /** What the request carried, whether or not it was accepted. */
  auth: AuthKind;
  sub: string | null;
  origin: string | null;
  secFetchSite: string | null;
  secFetchDest: string | null;
  secFetchMode: string | null;
};

export type RequestLog = {
  record(request: IncomingMessage, status: number, startedAt?: number): void;
  entries(): readonly LogEntry[];
  clear(): void;
};

const KEPT = 5_000;

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

export const createRequestLog = (cookies: CookieSessions, now: () => number): RequestLog => {
  let entries: LogEntry[] = [];
  let lastId = 0;
  return {
    record(request, status, startedAt = now()) {
      lastId += 1;
      entries.push({
        id: lastId,
        at: startedAt,
        method: request.method ?? '',
        path: new URL(request.url ?? '/', 'http://localhost').pathname,
        status,
        auth: authKindOf(request.headers, cookies),
        sub: subOf(request),
        origin: header(request, 'origin'),
        secFetchSite: header(request, 'sec-fetch-site'),
        secFetchDest: header(request, 'sec-fetch-dest'),
        secFetchMode: header(request, 'sec-fetch-mode'),
      });
      if (entries.length > KEPT) entries = entries.slice(-KEPT);
    },
    entries: () => entries,
    clear: () => {
      entries = [];
    },
  };
};
