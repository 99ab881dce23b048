import { MARK } from './bridge-constants.ts';
import type { JournalEntry, NativeRecord, NudgeCause, Publication, SignInIntent, SignInNext } from './calls.ts';
import { NAME } from './calls.ts';
import { TOPIC_NAME } from '../topic-name.ts';
import { CURSOR, MAX_STATE_LENGTH, type Cursor } from '../cursor.ts';
import { isObject, own, parseJson } from '../schema/json.ts';
import type { Result } from '../problem.ts';
import { number, object, string, union, unknown, type Infer } from '../schema/schema.ts';
import { boolean, data, list, nullable, oneOf, optional, tuple, withDefault } from '../schema/schema-types.ts';
import type { Snapshot } from '../snapshot.ts';
import { WORKER_TAKEOVER_MS } from '../takeover-timing.ts';

/** The methods that the worker answers over comlink. They never throw, and carry plain data without any token. */
export type KeeperApi = {
  snapshot(): Promise<Result<Snapshot>>;
  signIn(intent: SignInIntent): Promise<Result<SignInNext>>;
  /** Ends the session. A redirect leads to the provider, to end its sign-in too. */
  signOut(): Promise<Result<SignInNext | null>>;
  nudge(cause: NudgeCause): Promise<Result<null>>;
  journal(): Promise<Result<readonly JournalEntry[]>>;
  /**
   * Resolves when the message is in the outbox on disk. The acknowledgement follows on the port. The worker adds several
   * messages in their order. After a problem, some of them may be in the outbox. An older worker takes one message only.
   */
  publish(message: Publication | readonly Publication[]): Promise<Result<null>>;
  /** The session's sealed record, for a copy in a native store. The page cannot open it. `null`: there is no session. */
  backup(): Promise<Result<NativeRecord | null>>;
  /** Offers a copy. The worker takes it if its own store has no record and the copy opens. */
  restore(record: NativeRecord): Promise<Result<null>>;
};

/** How a page came to attach. `reattach`: the same page, with a new worker or port. */
const ARRIVAL = oneOf('navigate', 'reload', 'back-forward', 'restored', 'reattach');
export type Arrival = Infer<typeof ARRIVAL>;

/** `null`: from now on. */
const CURSOR_OR_NOW = withDefault(nullable(CURSOR), null);

/** What a restarted worker must know of a tab to continue where the former one stopped. */
export const TAB_INTRO = object({
  protocol: number,
  tab: NAME,
  arrival: withDefault(ARRIVAL, 'navigate'),
  visible: withDefault(boolean, false),
  /** Topics that the tab reads, and how far it has read. One bad entry costs the tab no other one. */
  topics: withDefault(list(tuple(TOPIC_NAME, CURSOR_OR_NOW)), [] as readonly (readonly [string, Cursor | null])[]),
});
export type TabIntro = Infer<typeof TAB_INTRO>;

/** The site's other scripts may exchange messages with the same worker, so ours carry a mark. */
export type Marked<T> = T & { mark: typeof MARK };

/** Page to worker, by `ServiceWorker.postMessage` (which starts a stopped worker). Sent as `Marked`. */
export const PAGE_MESSAGE = union('type', {
  call: { message: unknown },
  /** Carries a MessagePort for the worker's frames. */
  attach: { intro: TAB_INTRO },
  claim: {},
  /** The page gave up the request of this name (`REQUEST_HEADER`). */
  abort: { name: NAME },
  /** An active worker that was restarted asks the waiting worker whether it is about to take over. */
  'skip-waiting': {},
  /** To a waiting worker: the active one is no keeper, so nothing of its pages depends on it. */
  'replace-former': {},
  /** From an installed worker to the active one: it tries to take over for so long. No effect when a page sends it. */
  'taking-over': { ms: withDefault(number, WORKER_TAKEOVER_MS) },
});
export type PageMessage = Infer<typeof PAGE_MESSAGE>;

/** Worker to page, by `event.source.postMessage`. Sent as `Marked`. */
export const WORKER_MESSAGE = union('type', { answer: { message: unknown } });
export type WorkerMessage = Infer<typeof WORKER_MESSAGE>;

/** Tab to worker, on the port. A port message does not start a stopped worker, but a call does. */
export const TAB_MESSAGE = union('type', {
  join: { topic: TOPIC_NAME, cursor: CURSOR_OR_NOW },
  leave: { topic: TOPIC_NAME },
  /** Requests the members of a topic that the tab has joined. `state`: what the tab publishes about itself, as JSON. */
  present: { topic: TOPIC_NAME, state: string },
  absent: { topic: TOPIC_NAME },
  /** `again`: `null` for one that was never open, else its last memo ('': none). It gets a new connection. */
  'socket-open': {
    socket: NAME,
    url: string,
    /** Any length: tokens travel here too. The page has checked the characters. */
    protocols: withDefault(list(string), [] as readonly string[]),
    again: withDefault(nullable(string), null),
  },
  'socket-send': { socket: NAME, data },
  'socket-close': { socket: NAME, code: optional(number), reason: withDefault(string, '') },
  visible: { visible: withDefault(boolean, false) },
  read: {},
  bye: {},
});
export type TabMessage = Infer<typeof TAB_MESSAGE>;

/** `undefined` for a message of another script, or not of the protocol. */
export const parsePageMessage = (value: unknown): PageMessage | undefined =>
  isObject(value) && own(value, 'mark') === MARK ? PAGE_MESSAGE.read(value) : undefined;

/** A tab's state becomes part of a frame unchanged, so it must be JSON. `JSON.stringify(undefined)` is `undefined`. */
const canonicalJson = (json: string): string | undefined => JSON.stringify(parseJson(json));

export const parseTabMessage = (value: unknown): TabMessage | undefined => {
  const message = TAB_MESSAGE.read(value);
  if (message?.type !== 'present') return message;
  const state = canonicalJson(message.state);
  return state !== undefined && state.length <= MAX_STATE_LENGTH ? { ...message, state } : undefined;
};
