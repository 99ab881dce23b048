import type { JournalEntry, NudgeCause, SignInIntent, SignInNext } from '../../src/protocol/bridge/calls.ts';
import { failed, ok, type Result } from '../../src/protocol/problem.ts';
import type { SessionView, Snapshot } from '../../src/protocol/snapshot.ts';
import type { Channel, ChannelEvent, Member } from '../../src/page/types/channel-types.ts';
import type { Keeper } from '../../src/page/types/types.ts';

/** What an element made the keeper do: snapshots go into the elements, and calls come out. A read of the journal is none. */
export type Call = 'signOut' | 'apply' | `nudge ${NudgeCause}` | `signIn ${SignInIntent['kind']}` | `fetch ${string}`;

type Messages = Extract<ChannelEvent, { type: 'message' }>;

const HERE: readonly Member[] = [
  { id: 'one', self: true, state: null },
  { id: 'two', self: false, state: { name: 'Firefox, Windows' } },
];

/** The text of a message: `slow` stays undelivered, `refused` fails, `hello` gets an answer. */
const textOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && 'text' in data ? data.text : undefined;

/** A channel that receives its own messages, and starts with a gap so that a scene shows one. */
const loopback = (topic: string): Channel => {
  const waiting: ChannelEvent[] = [{ type: 'gap', topic, from: 3, to: 9 }];
  const closing = new AbortController();
  let wake = (): void => undefined;
  let offset = 9;
  const events = async function* (): AsyncGenerator<ChannelEvent> {
    while (!closing.signal.aborted) {
      const event = waiting.shift();
      if (event) yield event;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  };
  return {
    events,
    async *[Symbol.asyncIterator](): AsyncGenerator<Messages> {
      for await (const event of events()) if (event.type === 'message') yield event;
    },
    publish: (data) => {
      const text = textOf(data);
      if (text === 'slow') return new Promise(() => undefined);
      if (text === 'refused') return Promise.resolve(failed({ code: 'over-limit', detail: '4403' }));
      const answers = text === 'hello' ? [{ id: 'answer', text: 'Hello yourself.', from: 'Another user' }] : [];
      for (const said of [data, ...answers]) {
        offset += 1;
        waiting.push({ type: 'message', topic, epoch: 'e', offset, data: said });
      }
      wake();
      return Promise.resolve(ok({ offset }));
    },
    presence: () => ({
      members: HERE,
      update: () => ok(null),
      async *[Symbol.asyncIterator]() {
        for (const member of HERE) yield { type: 'joined', member };
      },
      close: () => undefined,
    }),
    close: () => {
      closing.abort();
      wake();
    },
  };
};

/** What the embedded server offers with its fault routes. */
const OFFER = { demo: { username: 'demo', password: 'demo' }, lab: true };

/** A keeper without a worker: it publishes the given snapshots, and records the calls. */
export class ScriptedKeeper implements Keeper {
  readonly calls: Call[] = [];
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  readonly #journal: readonly JournalEntry[];
  readonly update: Keeper['update'];
  readonly native = 'absent';
  snapshot: Snapshot;

  constructor(snapshot: Snapshot, options: { journal: readonly JournalEntry[]; updateReady: boolean }) {
    this.snapshot = snapshot;
    this.#journal = options.journal;
    this.update = {
      ready: options.updateReady,
      apply: () => {
        this.calls.push('apply');
      },
    };
  }

  show(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    for (const listener of this.#listeners) listener(snapshot);
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener);
    listener(this.snapshot);
    return () => this.#listeners.delete(listener);
  }

  #session(session: SessionView): void {
    this.show({ ...this.snapshot, session });
  }

  signIn(intent: SignInIntent): Promise<Result<SignInNext>> {
    this.calls.push(`signIn ${intent.kind}`);
    if (intent.kind === 'oidc') return Promise.resolve(ok({ type: 'redirect', url: '' }));
    if (intent.kind === 'custom' || intent.kind === 'import')
      return Promise.resolve(failed({ code: 'unsupported', detail: intent.kind }));
    const secret = (intent.kind === 'password' ? intent.password : intent.apiKey) ?? '';
    if (secret === 'slow') return new Promise(() => undefined);
    if (secret === 'limited')
      return Promise.resolve(
        failed({ code: 'rate-limited', at: '/api/v1/auth/login', status: 429, retryAfterMs: 23_000 }),
      );
    if (!secret.startsWith('demo'))
      return Promise.resolve(failed({ code: 'credentials-rejected', at: '/api/v1/auth/login', status: 401 }));
    this.#session({ state: 'active', kind: intent.kind, user: { sub: 'demo', name: 'Demo' }, verifiedAt: Date.now() });
    return Promise.resolve(ok({ type: 'signed-in' }));
  }

  stepUp(): Promise<Result<SignInNext>> {
    return Promise.resolve(failed({ code: 'unsupported', detail: 'step-up' }));
  }

  signOut(): Promise<Result<null>> {
    this.calls.push('signOut');
    this.#session({ state: 'signed-out', reason: 'user' });
    return Promise.resolve(ok(null));
  }

  sessions(): ReturnType<Keeper['sessions']> {
    return Promise.resolve(ok([{ name: '', shown: true, session: this.snapshot.session }]));
  }

  showSession(): Promise<Result<null>> {
    return Promise.resolve(failed({ code: 'unsupported', detail: 'config.sessions' }));
  }

  nudge(cause: NudgeCause = 'user'): Promise<Result<null>> {
    this.calls.push(`nudge ${cause}`);
    return Promise.resolve(ok(null));
  }

  journal(): Promise<Result<readonly JournalEntry[]>> {
    return Promise.resolve(ok(this.#journal));
  }

  fetch(input: RequestInfo | URL): Promise<Response> {
    const url = input instanceof Request ? input.url : String(input);
    if (url === '/offer.json') return Promise.resolve(Response.json(OFFER));
    if (url.startsWith('/api/v1/topics/')) return Promise.resolve(Response.json({ epoch: 'e', events: [] }));
    this.calls.push(`fetch ${url}`);
    return Promise.resolve(Response.json({ models: ['small', 'large'], default: 'small' }));
  }

  resent(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  channel(topic: string): Channel {
    return loopback(topic);
  }

  upload(): Promise<Response> {
    return Promise.resolve(new Response(null, { status: 204 }));
  }

  download(): Promise<Result<null>> {
    return Promise.resolve(ok(null));
  }

  /** The gallery opens no socket: its snapshots describe them. */
  socket(): WebSocket {
    throw new DOMException('The scripted keeper has no sockets.', 'NotSupportedError');
  }

  close(): void {
    this.#listeners.clear();
  }
}
