import { MARK } from './bridge-constants.ts';
import type {
  JournalEntry,
  NamedSession,
  NativeRecord,
  NudgeCause,
  Publication,
  SignInIntent,
  SignInNext,
  SignOutScope,
} from './calls.ts';
import { NAME } from './page-names.ts';
import { SESSION_NAME } from './session-name.ts';
import { TOPIC_NAME } from '../topic-name.ts';
import { CURSOR, type Cursor } from '../cursor.ts';
import { isObject, own } from '../schema/json.ts';
import type { Result } from '../problem.ts';
import { number, object, union, unknown, type Infer } from '../schema/schema.ts';
import { boolean, list, nullable, oneOf, optional, tuple, withDefault } from '../schema/schema-types.ts';
import type { Snapshot } from '../snapshot.ts';
import { WORKER_TAKEOVER_MS } from '../takeover-timing.ts';

/** The methods that the worker answers over comlink. They never throw, and carry plain data without any token. */
export type KeeperApi = {
  snapshot(): Promise<Result<Snapshot>>;
  signIn(intent: SignInIntent): Promise<Result<SignInNext>>;
  /** Ends the session, or all of this origin. A redirect leads to the provider, to end its sign-in too. */
  signOut(which?: SignOutScope): Promise<Result<SignInNext | null>>;
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
  /** The sessions of this origin. */
  sessions(): Promise<Result<readonly NamedSession[]>>;
  /** Ends this session, whichever one the page shows. An older worker has no such method, and ends none. */
  signOutSession(name: string): Promise<Result<SignInNext | null>>;
  /** Switches all tabs to this session that have none of their own. */
  showSession(name: string): Promise<Result<null>>;
};

/** How a page came to attach. `reattach`: the same page, with a new worker or port. */
const ARRIVAL = oneOf('navigate', 'reload', 'back-forward', 'restored', 'reattach');
export type Arrival = Infer<typeof ARRIVAL>;

/** `null`: from now on. */
export const CURSOR_OR_NOW = withDefault(nullable(CURSOR), null);

/** What a restarted worker must know of a tab to continue where the former one stopped. */
export const TAB_INTRO = object({
  protocol: number,
  tab: NAME,
  arrival: withDefault(ARRIVAL, 'navigate'),
  visible: withDefault(boolean, false),
  /** Topics that the tab reads, and how far it has read. One bad entry costs the tab no other one. */
  topics: withDefault(list(tuple(TOPIC_NAME, CURSOR_OR_NOW)), [] as readonly (readonly [string, Cursor | null])[]),
  /** The session that the tab stays with, or that it shows now. Absent: it shows none yet. */
  session: optional(SESSION_NAME),
  /** The tab has no session of its own: it shows the one that all such tabs show. */
  follows: withDefault(boolean, true),
});
export type TabIntro = Infer<typeof TAB_INTRO>;

/** The site's other scripts may exchange messages with the same worker, so ours carry a mark. */
export type Marked<T> = T & { mark: typeof MARK };

/** Page to worker, by `ServiceWorker.postMessage` (which starts a stopped worker). Sent as `Marked`. */
export const PAGE_MESSAGE = union('type', {
  /** `session`: the one that the page shows. */
  call: { message: unknown, session: optional(SESSION_NAME) },
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

/** `undefined` for a message of another script, or not of the protocol. */
export const parsePageMessage = (value: unknown): PageMessage | undefined =>
  isObject(value) && own(value, 'mark') === MARK ? PAGE_MESSAGE.read(value) : undefined;
