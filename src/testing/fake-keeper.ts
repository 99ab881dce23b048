import type { JournalEntry, SignInIntent, SignInNext } from '../protocol/bridge/calls.ts';
import type { ChannelEvent } from '../page/types/channel-types.ts';
import type { Keeper, ResentRequest } from '../page/types/types.ts';
import { ok, type Result } from '../protocol/problem.ts';
import type { SessionView, Snapshot } from '../protocol/snapshot.ts';
import { createFakeTopics } from './fake-channel.ts';
import { REST, signedIn, signedOut } from './sessions.ts';

/** A call that the code under test made. It has no password and no key. */
export type FakeCall =
  | { name: 'signIn'; kind: SignInIntent['kind'] }
  | { name: 'signOut' | 'stepUp' | 'nudge' | 'journal' | 'sessions' | 'resent' | 'close' | 'apply' }
  | { name: 'showSession'; session: string }
  | { name: 'fetch' | 'upload' | 'download' | 'socket'; url: string }
  | { name: 'publish'; topic: string; data: unknown };

/** Options of `createFakeKeeper`. All are optional. */
export type FakeKeeperOptions = {
  /** The session at first. Default: signed out. */
  session?: SessionView;
  /** Other parts of the snapshot, such as `sockets`, `tier` or `online`. */
  snapshot?: Partial<Omit<Snapshot, 'session'>>;
  /** What a sign-in leads to. Default: it signs in, as the name of the intent or as Ann. */
  signIn?: (intent: SignInIntent) => Result<SignInNext> | Promise<Result<SignInNext>>;
  /** Answers `fetch`, `upload` and `download`. Default: 200 with `{}`. */
  respond?: (request: Request) => Response | Promise<Response>;
  journal?: readonly JournalEntry[];
  /** What `resent` resolves with. Default: none. */
  resent?: readonly ResentRequest[];
  /** Whether `update.ready` says that there is a newer version. */
  updateReady?: boolean;
};

/** A keeper without a browser, a worker or a network, and what a test does to it. */
export type FakeKeeper = Keeper & {
  /** What the code under test called, in order. */
  readonly calls: readonly FakeCall[];
  /**
   * Shows a session, and other changes of the snapshot.
   *
   * @example
   * import { createFakeKeeper, offline, signedIn } from 'session-keeper/testing';
   * const keeper = createFakeKeeper({ session: signedIn() });
   * keeper.show(offline(), { online: false });
   */
  show(session: SessionView, change?: Partial<Omit<Snapshot, 'session'>>): void;
  /**
   * Shows one session after another, each in a task of its own, so that a framework renders each. Resolves after the last.
   *
   * @example
   * import { createFakeKeeper, offline, signedIn, signedOut } from 'session-keeper/testing';
   * const keeper = createFakeKeeper();
   * await keeper.play([signedIn(), offline(), signedIn(), signedOut('rejected')]);
   */
  play(sessions: readonly SessionView[]): Promise<void>;
  /**
   * Delivers a message to all channels of a topic, as if another device had published it. Returns its offset.
   *
   * @example
   * import { createFakeKeeper } from 'session-keeper/testing';
   * createFakeKeeper().publish('news', { title: 'Hello' });
   */
  publish(topic: string, data: unknown): number;
  /**
   * Delivers any event of a channel, such as a gap.
   *
   * @example
   * import { createFakeKeeper } from 'session-keeper/testing';
   * createFakeKeeper().deliver({ type: 'gap', topic: 'news', from: 3, to: 9 });
   */
  deliver(event: ChannelEvent): void;
};

/** Relative URLs have no base outside of a browser. */
const BASE = 'http://localhost';

const requestOf = (input: RequestInfo | URL, init?: RequestInit): Request =>
  new Request(input instanceof Request ? input : new URL(String(input), globalThis.location?.href ?? BASE), init);

const userOf = (intent: SignInIntent) =>
  intent.kind === 'password' ? { sub: intent.username, name: intent.username } : undefined;

/**
 * Makes a keeper for the tests and stories of an app: any snapshot, and events that the test decides. It needs no browser,
 * so it works in Vitest, Jest and Storybook.
 *
 * @example
 * import { createFakeKeeper, signedIn } from 'session-keeper/testing';
 * const keeper = createFakeKeeper({ respond: () => Response.json({ models: [] }) });
 * await keeper.signIn({ kind: 'password', username: 'ann', password: 'secret' });
 * console.log(keeper.snapshot.session.state, keeper.calls); // 'active' [{ name: 'signIn', kind: 'password' }]
 * keeper.show(signedIn());
 */
export const createFakeKeeper = (options: FakeKeeperOptions = {}): FakeKeeper => {
  const { session = signedOut(), respond = () => Response.json({}), journal = [], updateReady = false } = options;
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const calls: FakeCall[] = [];
  const topics = createFakeTopics((topic, data) => calls.push({ name: 'publish', topic, data }));
  let snapshot: Snapshot = { ...REST, ...options.snapshot, session };

  const show: FakeKeeper['show'] = (next, change = {}) => {
    snapshot = { ...snapshot, ...change, session: next };
    for (const listener of listeners) listener(snapshot);
  };
  const signIn = async (intent: SignInIntent): Promise<Result<SignInNext>> => {
    if (options.signIn) return options.signIn(intent);
    show(signedIn(userOf(intent)));
    return ok({ type: 'signed-in' });
  };
  const send = (name: 'fetch' | 'upload' | 'download', request: Request): Promise<Response> => {
    calls.push({ name, url: request.url });
    return Promise.resolve(respond(request));
  };

  return {
    calls,
    show,
    get snapshot() {
      return snapshot;
    },
    async play(sessions) {
      for (const each of sessions) {
        show(each);
        await new Promise((resolve) => setTimeout(resolve));
      }
    },
    publish: topics.publish,
    deliver: topics.deliver,
    subscribe(listener) {
      listeners.add(listener);
      listener(snapshot);
      return () => listeners.delete(listener);
    },
    signIn(intent) {
      calls.push({ name: 'signIn', kind: intent.kind });
      return signIn(intent);
    },
    async stepUp() {
      calls.push({ name: 'stepUp' });
      return ok({ type: 'redirect', url: '' });
    },
    async signOut({ session = snapshot.sessionName ?? '' } = {}) {
      calls.push({ name: 'signOut' });
      if (session === (snapshot.sessionName ?? '')) show(signedOut('user'));
      return ok(null);
    },
    async sessions() {
      calls.push({ name: 'sessions' });
      return ok([{ name: snapshot.sessionName ?? '', shown: true, session: snapshot.session }]);
    },
    async showSession(session) {
      calls.push({ name: 'showSession', session });
      return ok(null);
    },
    async nudge() {
      calls.push({ name: 'nudge' });
      return ok(null);
    },
    async journal() {
      calls.push({ name: 'journal' });
      return ok(journal);
    },
    fetch: (input, init) => send('fetch', requestOf(input, init)),
    async resent() {
      calls.push({ name: 'resent' });
      return options.resent ?? [];
    },
    upload: (url, body, { method = 'POST' } = {}) => send('upload', requestOf(url, { method, body })),
    async download(url) {
      await send('download', requestOf(url));
      return ok(null);
    },
    socket(url) {
      calls.push({ name: 'socket', url: String(url) });
      throw new DOMException('A fake keeper has no sockets. Give your code a fake WebSocket.', 'NotSupportedError');
    },
    channel: topics.channel,
    update: { ready: updateReady, apply: () => void calls.push({ name: 'apply' }) },
    native: 'absent',
    close() {
      calls.push({ name: 'close' });
      listeners.clear();
    },
  };
};
