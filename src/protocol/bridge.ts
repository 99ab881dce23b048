import { MARK } from './bridge-constants.ts';
import { WORKER_TAKEOVER_MS } from './takeover-timing.ts';
import { isObject, numberAt, own, parseJson, stringAt } from './json.ts';
import { MAX_STATE_LENGTH, parseCursor, type Cursor } from './frames.ts';
import type { Problem, Result } from './problem.ts';
import type { Snapshot } from './snapshot.ts';

export {
  API_METHODS,
  END_SESSION_PATH,
  IDEMPOTENT_METHODS,
  KEEPER_ROOT,
  UPDATE_CHECK_SEARCH,
  KEEP_ALIVE_PATH,
  KEEP_ALIVE_TYPE,
  MARK,
  PULSE_PATH,
  PULSE_SCRIPT,
  REQUEST_HEADER,
} from './bridge-constants.ts';

export type SignInIntent =
  /** `returnTo` is a path of this origin to come back to. */
  | { kind: 'oidc'; returnTo?: string | undefined }
  | { kind: 'password'; username: string; password: string }
  | { kind: 'ticket'; apiKey: string };

/** What the page has to do next; a redirect leads to the provider and back to `returnTo`. */
export type SignInNext = { type: 'signed-in' } | { type: 'redirect'; url: string };

/** Why the page thinks the world may have changed: a reason to try now, never a fact to rely on. */
export type NudgeCause = 'online' | 'offline' | 'visible' | 'hidden' | 'thaw' | 'user';

export type JournalEntry = {
  /** Milliseconds since the epoch, and the worker generation that wrote it. */
  at: number;
  worker: string;
  machine: string;
  /** Name of the event or effect, never its payload as it is: tokens are removed before they are written. */
  what: string;
  detail?: string | undefined;
};

/** What a native shell (a keychain) may keep: a sealed record. Best effort, never the only copy. */
export type NativeRecord = string;

/** `id` is the page's: the same one again is the same publication. */
export type Publication = { id: string; topic: string; data: unknown };

/**
 * The methods that the worker answers over comlink. They take and give plain data, never throw,
 * never take and never give a token.
 */
export type KeeperApi = {
  snapshot(): Promise<Result<Snapshot>>;
  signIn(intent: SignInIntent): Promise<Result<SignInNext>>;
  /** Nobody is signed in here any more. A redirect leads on to the provider, whose sign-in is yet to end. */
  signOut(): Promise<Result<SignInNext | null>>;
  nudge(cause: NudgeCause): Promise<Result<null>>;
  journal(): Promise<Result<readonly JournalEntry[]>>;
  /**
   * Resolves once the message is in the durable outbox; its acknowledgement follows on the port. Several are taken in
   * their order; the problem of one is that of all, though others may have been taken. An older worker takes one only.
   */
  publish(message: Publication | readonly Publication[]): Promise<Result<null>>;
  /** The session's record, sealed: opaque to the page, for a native store's copy. `null`: there is no session. */
  backup(): Promise<Result<NativeRecord | null>>;
  /** Offers a copy back. It is taken only where the own store has nothing, and only if it opens. */
  restore(record: NativeRecord): Promise<Result<null>>;
};

/** How a tab came to be here. `reattach`: the same page, a new worker or a new port. */
export type Arrival = 'navigate' | 'reload' | 'back-forward' | 'restored' | 'reattach';

/** A tab's introduction; all that a fresh worker must know to serve it as if nothing had happened. */
export type TabIntro = {
  protocol: number;
  tab: string;
  arrival: Arrival;
  visible: boolean;
  /** Topics this tab listens to, and how far it has read (`null`: from now on). */
  topics: readonly (readonly [topic: string, cursor: Cursor | null])[];
};

/** Page to worker, by `ServiceWorker.postMessage` (which starts a stopped worker). */
export type PageMessage =
  | { mark: typeof MARK; type: 'call'; message: unknown }
  /** Carries a MessagePort for pushes. */
  | { mark: typeof MARK; type: 'attach'; intro: TabIntro }
  | { mark: typeof MARK; type: 'claim' }
  /** The page gave up the request that it named so. */
  | { mark: typeof MARK; type: 'abort'; name: string }
  /** A worker in office that was started anew so asks a newcomer that waits whether it is about to take over. */
  | { mark: typeof MARK; type: 'skip-waiting' }
  /** From an installed newcomer to the worker in office: it tries to for so long. Of no effect from a page. */
  | { mark: typeof MARK; type: 'taking-over'; ms: number };

/** Worker to page, by `event.source.postMessage`. */
export type WorkerMessage = { mark: typeof MARK; type: 'answer'; message: unknown };

/** A device (one browser profile, with all its tabs) that listens to a topic. `state`: what it says of itself, any JSON. */
export type Member = { id: string; self: boolean; state: unknown };

/** What a socket hears, in its order. `bytes`: what it weighed on the wire, in characters or bytes. */
export type SocketRun = { data: (string | ArrayBuffer)[]; bytes: number };

/**
 * Worker to tab, on the port: frames, or what one socket hears, in its order. That is most of what goes to a tab, so a
 * page has no more to look at; it is pages of protocol 4 and later that have it so.
 */
export type PortMessage = readonly PortFrame[] | readonly [socket: string, ...data: SocketRun['data']];

/** One thing that a tab is told. */
export type PortFrame =
  /** First on every port. `life` names a Web Lock that is held for as long as this worker lives. */
  | { type: 'welcome'; protocol: number; life: string; snapshot: Snapshot }
  | { type: 'snapshot'; snapshot: Snapshot }
  /** From here on nothing of the topic is missing: events follow from `at.offset` + 1. */
  | { type: 'joined'; topic: string; at: Cursor }
  /** `bytes`: what it weighed on the wire, in characters. */
  | { type: 'event'; topic: string; epoch: string; offset: number; data: unknown; bytes: number }
  | { type: 'gap'; topic: string; epoch: string; from: number; to: number }
  /** Who listens to a topic that this tab is present at. */
  | { type: 'here'; topic: string; members: readonly Member[] }
  | { type: 'acked'; id: string; offset: number }
  | { type: 'refused'; id: string; problem: Problem }
  | { type: 'socket-opened'; socket: string; protocol: string }
  /** Never on a port: it becomes part of a run. */
  | { type: 'socket-message'; socket: string; data: string | ArrayBuffer }
  /** For pages of protocol 3. */
  | { type: 'socket-messages'; socket: string; run: SocketRun }
  /** So many more of the frames that the tab sent need not be sent again. */
  | { type: 'socket-taken'; socket: string; count: number }
  /** What the tab is to give back in `again`, should it need its wire anew. */
  | { type: 'socket-memo'; socket: string; memo: string }
  | { type: 'socket-closed'; socket: string; code: number; reason: string; wasClean: boolean }
  /** Answered with `read` by a tab that has come this far. */
  | { type: 'read' }
  /** Too much was left unread, so nothing follows on this port: attach again, from where you are. */
  | { type: 'overrun' }
  /** A new worker is taking over: give up the lease at once and attach again when it controls the page. */
  | { type: 'hand-over' };

/** Tab to worker, on the port. A port wakes nobody: whatever must wake the worker is a call. */
export type TabMessage =
  | { type: 'join'; topic: string; cursor: Cursor | null }
  | { type: 'leave'; topic: string }
  /** For a topic that it has joined: wants to know who is here. `state` is what it says of itself, as JSON. */
  | { type: 'present'; topic: string; state: string }
  | { type: 'absent'; topic: string }
  /** `again`: `null` for one that was never open, else its last memo ('': none). Its wire begins anew. */
  | { type: 'socket-open'; socket: string; url: string; protocols: readonly string[]; again: string | null }
  | { type: 'socket-send'; socket: string; data: string | ArrayBuffer }
  | { type: 'socket-close'; socket: string; code?: number | undefined; reason: string }
  | { type: 'visible'; visible: boolean }
  | { type: 'read' }
  | { type: 'bye' };

const ARRIVALS: readonly unknown[] = ['navigate', 'reload', 'back-forward', 'restored', 'reattach'];
const MAX_TOPICS = 256;
export const MAX_NAME = 256;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME;

const parseTopics = (value: unknown): TabIntro['topics'] | undefined => {
  if (!Array.isArray(value) || value.length > MAX_TOPICS) return undefined;
  const topics: [string, Cursor | null][] = [];
  for (const entry of value as unknown[]) {
    if (!Array.isArray(entry) || !isName(entry[0])) return undefined;
    topics.push([entry[0], parseCursor(entry[1]) ?? null]);
  }
  return topics;
};

const parseIntro = (value: unknown): TabIntro | undefined => {
  if (!isObject(value)) return undefined;
  const protocol = numberAt(value, 'protocol');
  const tab = own(value, 'tab');
  const arrival = own(value, 'arrival');
  const topics = parseTopics(own(value, 'topics'));
  if (protocol === undefined || !isName(tab) || !ARRIVALS.includes(arrival) || !topics) return undefined;
  return { protocol, tab, arrival: arrival as Arrival, visible: own(value, 'visible') === true, topics };
};

/** `undefined` for what is not ours or not of the protocol. */
export const parsePageMessage = (value: unknown): PageMessage | undefined => {
  if (!isObject(value) || own(value, 'mark') !== MARK) return undefined;
  const type = own(value, 'type');
  if (type === 'call') return { mark: MARK, type, message: own(value, 'message') };
  if (type === 'claim' || type === 'skip-waiting') return { mark: MARK, type };
  // a newcomer of another build may not say
  if (type === 'taking-over') return { mark: MARK, type, ms: numberAt(value, 'ms') ?? WORKER_TAKEOVER_MS };
  const name = own(value, 'name');
  if (type === 'abort') return isName(name) ? { mark: MARK, type, name } : undefined;
  if (type !== 'attach') return undefined;
  const intro = parseIntro(own(value, 'intro'));
  return intro && { mark: MARK, type, intro };
};

const parseData = (value: unknown): string | ArrayBuffer | undefined =>
  typeof value === 'string' || value instanceof ArrayBuffer ? value : undefined;

const parseSocketMessage = (type: string, value: { readonly [key: string]: unknown }): TabMessage | undefined => {
  const socket = own(value, 'socket');
  if (!isName(socket)) return undefined;
  if (type === 'socket-open') {
    const url = stringAt(value, 'url');
    const protocols = own(value, 'protocols');
    const named = Array.isArray(protocols) ? (protocols as unknown[]).filter(isName) : [];
    return url === undefined
      ? undefined
      : { type, socket, url, protocols: named, again: stringAt(value, 'again') ?? null };
  }
  if (type === 'socket-send') {
    const data = parseData(own(value, 'data'));
    return data === undefined ? undefined : { type, socket, data };
  }
  if (type !== 'socket-close') return undefined;
  return { type, socket, code: numberAt(value, 'code'), reason: stringAt(value, 'reason') ?? '' };
};

export const parseTabMessage = (value: unknown): TabMessage | undefined => {
  if (!isObject(value)) return undefined;
  const type = stringAt(value, 'type');
  const topic = own(value, 'topic');
  switch (type) {
    case 'join':
      return isName(topic) ? { type, topic, cursor: parseCursor(own(value, 'cursor')) ?? null } : undefined;
    case 'leave':
    case 'absent':
      return isName(topic) ? { type, topic } : undefined;
    case 'present': {
      // Said anew, for it goes into a frame as it is. `undefined` is what no JSON says, whatever the types have it.
      const state = JSON.stringify(parseJson(stringAt(value, 'state') ?? '')) as string | undefined;
      const isFine = isName(topic) && state !== undefined && state.length <= MAX_STATE_LENGTH;
      return isFine ? { type, topic, state } : undefined;
    }
    case 'visible':
      return { type, visible: own(value, 'visible') === true };
    case 'read':
    case 'bye':
      return { type };
    default:
      return type === undefined ? undefined : parseSocketMessage(type, value);
  }
};
