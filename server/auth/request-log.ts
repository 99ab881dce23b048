import type { IncomingMessage } from 'node:http';
import { credentialTypeOf, type CredentialType } from './authenticate.ts';
import { subjectOf } from '../http/request-context.ts';
import { requestTarget } from '../http/request-target.ts';
import type { CookieSessions } from './cookie-sessions.ts';

/** `status` 0: the connection broke before an answer. `at` in ms since the epoch; `path` without its query. */
export type LogEntry = {
  id: number;
  at: number;
  method: string;
  path: string;
  status: number;
  /** What the request carried, whether or not it was accepted. */
  auth: CredentialType;
  sub: string | null;
  origin: string | null;
  secFetchSite: string | null;
  secFetchDest: string | null;
  secFetchMode: string | null;
  /** Bytes of the body that came. */
  bodyBytes: number;
  /** Whether the answer left whole; `false`: the other side went before its end. */
  answered: boolean;
  /** Those of the named ones that came; none of them may carry a secret. */
  headers: Readonly<Record<string, string>>;
};

type Answer = { status: number; whole: boolean; bodyBytes: number };

export type RequestLog = {
  record(request: IncomingMessage, answer: Answer, startedAt?: number): void;
  entries(): readonly LogEntry[];
  clear(): void;
};

const KEPT = 5_000;

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

/** `kept`: whether anybody may ever read it. */
export const createRequestLog = (cookies: CookieSessions, now: () => number, kept: boolean): RequestLog => {
  let entries: LogEntry[] = [];
  let lastId = 0;
  return {
    record(request, { status, whole, bodyBytes }, startedAt = now()) {
      if (!kept) return;
      lastId += 1;
      entries.push({
        id: lastId,
        at: startedAt,
        method: request.method ?? '',
        path: requestTarget(request)?.pathname ?? '',
        status,
        auth: credentialTypeOf(request.headers, cookies),
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
      if (entries.length > KEPT) entries = entries.slice(-KEPT);
    },
    entries: () => entries,
    clear: () => {
      entries = [];
    },
  };
};
