import { newId } from '../../protocol/ids.ts';
import { failed, ok, type Problem } from '../../protocol/problem.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { list, oneOf, optional, record, tuple } from '../../protocol/schema/schema-types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { startTimer } from '../../protocol/timing/timer.ts';
import type { SnapshotStore } from '../connection/snapshot-store.ts';
import type { ResentRequest } from '../types/types.ts';

/*
 * Requests that wait for a sign-in at the provider, while their page is gone. They are in `sessionStorage`, so they belong to
 * one tab, survive its way to the provider, and end with it. Their ids are in `localStorage`: the browser copies
 * `sessionStorage` when a person duplicates a tab, and only the first of the two may send.
 */

const KEY = 'session-keeper:resend';
/** Longer than any sign-in with a second factor. What the person wanted then is no longer certain. */
const LIFETIME_MS = 10 * 60_000;
/** `sessionStorage` holds about 5 million characters, and base64 needs four for three bytes. */
const MAX_BODY_BYTES = 2 ** 20;

/** `page` and `who` say where and for whom the request went out. */
const KEPT_REQUEST = object({
  id: string,
  keptAt: number,
  page: string,
  who: object({ sub: optional(string), session: string }),
  url: string,
  method: string,
  headers: list(tuple(string, string)),
  credentials: oneOf('include', 'omit', 'same-origin'),
  cache: oneOf('default', 'force-cache', 'no-cache', 'no-store', 'only-if-cached', 'reload'),
  redirect: oneOf('error', 'follow', 'manual'),
  mode: oneOf('cors', 'no-cors', 'same-origin'),
  /** In base64. */
  body: optional(string),
});
export type KeptRequest = Infer<typeof KEPT_REQUEST>;

const KEPT_REQUESTS = list(KEPT_REQUEST);
/** By id, the time (ms) at which the record is of no use any more. */
const CLAIMS = record(number);

const stored = (storage: Storage): unknown => parseJson(storage.getItem(KEY) ?? '');
const keptHere = (): readonly KeptRequest[] => KEPT_REQUESTS.read(stored(sessionStorage)) ?? [];

const write = (storage: Storage, value: object, isEmpty: boolean): void =>
  isEmpty ? storage.removeItem(KEY) : storage.setItem(KEY, JSON.stringify(value));

/** `change` also drops the ids of tabs that never came back. */
const changeClaims = (change: (claims: Map<string, number>) => void): void => {
  const found = Object.entries(CLAIMS.read(stored(localStorage)) ?? {});
  const claims = new Map(found.filter(([, until]) => until > Date.now()));
  change(claims);
  write(localStorage, Object.fromEntries(claims), claims.size === 0);
};

const pageOf = ({ pathname, search }: Location): string => pathname + search;

const whoIn = ({ session, sessionName = '' }: Snapshot): KeptRequest['who'] => ({
  sub: 'user' in session ? session.user?.sub : undefined,
  session: sessionName,
});

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** The authorization is the worker's, and a page's own has no place on a disk. */
const plainHeaders = (headers: Headers): [string, string][] =>
  [...headers].filter(([name]) => name !== 'authorization');

/** No page can make a request with another mode (https://fetch.spec.whatwg.org/#dom-request). */
const modeOf = (mode: RequestMode): KeptRequest['mode'] =>
  mode === 'no-cors' || mode === 'same-origin' ? mode : 'cors';

/**
 * Keeps a request for the way back from the provider. Returns the function that forgets it. `undefined`: it cannot wait,
 * because its body is too large, or the browser stores nothing.
 */
export const keepRequest = async (request: Request, snapshot: Snapshot): Promise<(() => void) | undefined> => {
  const { url, method, headers, credentials, cache, redirect, mode } = request;
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > MAX_BODY_BYTES) return undefined;
  const id = newId();
  const body = bytes.length > 0 ? toBase64(bytes) : undefined;
  const keptAt = Date.now();
  const kept: KeptRequest = {
    ...{ id, keptAt, page: pageOf(location), who: whoIn(snapshot) },
    ...{ url, method, headers: plainHeaders(headers), credentials, cache, redirect, mode: modeOf(mode), body },
  };
  const forget = (): void => {
    const others = keptHere().filter((other) => other.id !== id);
    write(sessionStorage, others, others.length === 0);
    changeClaims((claims) => claims.delete(id));
  };
  try {
    write(sessionStorage, [...keptHere(), kept], false);
    changeClaims((claims) => claims.set(id, keptAt + LIFETIME_MS));
    return forget;
  } catch {
    // Forbidden, or full.
    return undefined;
  }
};

type Decided = { type: 'send' } | { type: 'drop'; problem: Problem };
type Verdict = { type: 'wait' } | Decided;

const drop = (problem: Problem): Decided => ({ type: 'drop', problem });

/** What becomes of a request whose page is back. `now` in ms. */
export const verdictOn = ({ who, keptAt }: KeptRequest, snapshot: Snapshot, now: number): Verdict => {
  const { session } = snapshot;
  if (now - keptAt >= LIFETIME_MS) return drop({ code: 'cancelled' });
  if (session.state === 'starting') return { type: 'wait' };
  if (session.signInProblem) return drop(session.signInProblem);
  // A vault that is down says nothing about the session.
  if (session.state === 'signed-out')
    return session.problem?.code === 'no-worker' ? { type: 'wait' } : drop({ code: 'signed-out' });
  if (session.signingIn) return { type: 'wait' };
  const here = whoIn(snapshot);
  // The person came back without a sign-in. A newer token is no evidence of one: the worker renews it by itself.
  if (here.session !== who.session || (session.signedInAt ?? 0) <= keptAt) return drop({ code: 'cancelled' });
  if (who.sub === undefined || here.sub === who.sub) return { type: 'send' };
  return here.sub === undefined ? { type: 'wait' } : drop({ code: 'cancelled' });
};

type Send = (request: Request) => Promise<Response>;
type Store = Pick<SnapshotStore, 'get' | 'subscribe'>;

const decided = (kept: KeptRequest, store: Store): Promise<Decided> =>
  new Promise((resolve) => {
    const look = (snapshot: Snapshot): void => {
      const verdict = verdictOn(kept, snapshot, Date.now());
      if (verdict.type === 'wait') return;
      cancel();
      // `subscribe` calls the listener before it returns.
      queueMicrotask(() => stop());
      resolve(verdict);
    };
    const cancel = startTimer(() => look(store.get()), LIFETIME_MS);
    const stop = store.subscribe(look);
  });

const requestOf = ({ url, method, headers, credentials, cache, redirect, mode, body }: KeptRequest): Request =>
  new Request(url, {
    ...{ method, credentials, cache, redirect, mode, body: body === undefined ? null : fromBase64(body) },
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });

/** Takes those of this page out of the store. No second tab, and no reload, sends them too. */
const takeKept = (): readonly KeptRequest[] => {
  const all = keptHere();
  const own = all.filter(({ page, keptAt }) => page === pageOf(location) || Date.now() - keptAt >= LIFETIME_MS);
  if (own.length === 0) return [];
  const others = all.filter((kept) => !own.includes(kept));
  write(sessionStorage, others, others.length === 0);
  let claimed: readonly KeptRequest[] = [];
  changeClaims((claims) => {
    claimed = own.filter(({ id }) => claims.delete(id));
  });
  return claimed;
};

const resend = async (kept: KeptRequest, store: Store, send: Send): Promise<ResentRequest> => {
  const { method, url } = kept;
  const verdict = await decided(kept, store);
  if (verdict.type === 'drop') return { method, url, result: failed(verdict.problem) };
  const { origin, pathname } = new URL(url);
  const at = origin === location.origin ? pathname : origin + pathname;
  const result = await send(requestOf(kept)).then(ok, () => failed({ code: 'network-unreachable', at }));
  return { method, url, result };
};

/** Sends the requests with which this page left, in their order, once the person has signed in. */
export const sendAgain = async (store: Store, send: Send): Promise<readonly ResentRequest[]> => {
  const results: ResentRequest[] = [];
  for (const kept of takeKept()) results.push(await resend(kept, store, send));
  return results;
};
