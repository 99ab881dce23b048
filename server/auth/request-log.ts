import type { IncomingMessage } from 'node:http';
import { credentialTypeOf, type CredentialType } from './authenticate.ts';
import { subjectOf } from '../http/request-context.ts';
import { requestTarget } from '../http/request-target.ts';
import type { CookieSessions } from './cookie-sessions.ts';

/** `status` 0: the connection broke before a response. `at`: ms since the Unix epoch. `path`: without the query. */
export type LogEntry = {
  id: number;
  at: number;
  method: string;
  path: string;
  status: number;
  /** The credential of the request, valid or not. */
  auth: CredentialType;
  sub: string | null;
  origin: string | null;
  secFetchSite: string | null;
  secFetchDest: string | null;
  secFetchMode: string | null;
  /** Bytes of the request body that the server received. */
  bodyBytes: number;
  /** Whether the server sent the whole response; `false`: the client disconnected before its end. */
  answered: boolean;
  /** The request headers of `LOGGED_HEADERS`; none of them may carry a secret. */
  headers: Readonly<Record<string, string>>;
};

type LoggedResponse = { status: number; whole: boolean; bodyBytes: number };

export type RequestLog = {
  record(request: IncomingMessage, response: LoggedResponse, startedAt?: number): void;
  entries(): readonly LogEntry[];
  clear(): void;
};

const MAX_ENTRIES = 5_000;

const LOGGED_HEADERS = [
  'accept',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'keeper-request',
  'range',
  'upload-complete',
  'upload-length',
  'upload-offset',
] as const;

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

const isPresent = (entry: readonly (string | null)[]): entry is [string, string] => entry[1] !== null;

/** `enabled: false` keeps no entry, for a server without the fault routes that show them. */
export const createRequestLog = (options: {
  cookieSessions: CookieSessions;
  now: () => number;
  enabled: boolean;
}): RequestLog => {
  const { cookieSessions, now, enabled } = options;
  let entries: LogEntry[] = [];
  let lastId = 0;
  return {
    record(request, { status, whole, bodyBytes }, startedAt = now()) {
      if (!enabled) return;
      lastId += 1;
      entries.push({
        id: lastId,
        at: startedAt,
        method: request.method ?? '',
        path: requestTarget(request)?.pathname ?? '',
        status,
        auth: credentialTypeOf(request.headers, cookieSessions),
        sub: subjectOf(request),
        origin: header(request, 'origin'),
        secFetchSite: header(request, 'sec-fetch-site'),
        secFetchDest: header(request, 'sec-fetch-dest'),
        secFetchMode: header(request, 'sec-fetch-mode'),
        bodyBytes,
        answered: whole,
        headers: Object.fromEntries(
          LOGGED_HEADERS.flatMap((name) => [[name, header(request, name)]]).filter(isPresent),
        ),
      });
      // Rarely, because it copies all of them.
      if (entries.length >= 2 * MAX_ENTRIES) entries = entries.slice(-MAX_ENTRIES);
    },
    entries: () => entries.slice(-MAX_ENTRIES),
    clear: () => {
      entries = [];
    },
  };
};
