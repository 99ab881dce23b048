import { failed, ok, type Problem, type Result } from '../protocol/problem.ts';
import { newId } from '../protocol/ids.ts';
import type { NativeCopy } from './native-store.ts';
import type { InPageOptions, Transport } from './connection/transport.ts';
import { SESSION_NAME } from '../protocol/bridge/session-name.ts';
import { KeeperSocket, loadRealtime, NativeSocket, setSocketSource } from './socket-class.ts';
import type { ConnectOptions, Keeper, NativeStore } from './types/types.ts';
import { withDeadline } from '../protocol/timing/timer.ts';
import type { Client, ClientOptions } from './client.ts';
import { arrivalOf, greet, isVisible, takeLeave } from './connection/greeting.ts';
import { registerWorker, type WorkerPart, type WorkerRegistration } from './connection/worker-registration.ts';
import { reachesKeeper, workerTransport } from './connection/worker-transport.ts';

const DEFAULT_WORKER = '/sw.js';
/** Three greetings. A worker that answers none of them is not a keeper. */
const FIRST_WELCOME_DEADLINE_MS = 10_000;
/** A worker that has not answered by now is looked at: it may be of another library. */
const FORMER_AFTER_MS = 1_000;

type Wire = (transport: Transport) => Promise<Client>;

/** Identity of the build that made this page. */
const buildOf = (): string => document.querySelector<HTMLMetaElement>('meta[name="build"]')?.content ?? '';

/** The worker, if it takes control of this page and answers. */
const overWorker = async (
  script: string | TrustedScriptURL,
  part: Promise<WorkerPart>,
  wireTo: (site: WorkerRegistration) => Promise<Client>,
): Promise<Result<Client>> => {
  const found = await registerWorker(script, part);
  if (!found.ok) return found;
  const site = found.value;
  if (!(await site.controlled())) {
    const problem = await site.replaceFormer();
    if (problem || !(await site.controlled())) return failed(problem ?? { code: 'no-worker', detail: 'no control' });
  }
  const wiring = await wireTo(site);
  let problem: Problem | undefined;
  if (
    !(await withDeadline(wiring.ready, FORMER_AFTER_MS, false)) &&
    !(await reachesKeeper(site.folder).catch(() => true))
  )
    problem = await site.replaceFormer();
  if (!problem && (await withDeadline(wiring.ready, FIRST_WELCOME_DEADLINE_MS, false))) {
    site.settle();
    return ok(wiring);
  }
  wiring.close();
  return failed(problem ?? { code: 'no-worker', detail: 'no welcome' });
};

/** The host in this page; it is loaded only where it is needed. */
const inPage = async (options: Omit<InPageOptions, 'build'>, wireTo: Wire): Promise<Client> => {
  const { openInPageTransport } = await import('./in-page/in-page-host.ts');
  return wireTo(openInPageTransport({ ...options, build: buildOf() }));
};

const nativeOver = async (store: NativeStore, wiring: Client): Promise<NativeCopy> => {
  const { startNativeCopy } = await import('./native-store.ts');
  return startNativeCopy(store, wiring);
};

type Parts = Promise<[page: typeof import('./page-part.ts'), realtime: Awaited<ReturnType<typeof loadRealtime>>]>;

/**
 * Introduces this page to the host, which answers while the parts load. Rejects when they do not. A page that goes away
 * meanwhile introduces itself again if it comes back.
 */
const wire = async (options: Omit<ClientOptions, 'greeting' | 'createRealtime'>, parts: Parts): Promise<Client> => {
  const { transport, tab, session } = options;
  const about = { tab, arrival: arrivalOf(), visible: isVisible(), session, follows: session === undefined };
  const greeting = greet(transport, { ...about, topics: [] });
  const waiting = new AbortController();
  let hasLeft = false;
  const leave = (): void => {
    hasLeft = true;
    takeLeave(greeting);
  };
  addEventListener('pagehide', leave, { signal: waiting.signal, once: true });
  try {
    const [{ createClient }, { createRealtime }] = await parts;
    return createClient({ ...options, createRealtime, greeting: hasLeft ? undefined : greeting });
  } catch (error) {
    leave();
    throw error;
  } finally {
    waiting.abort();
  }
};

const open = async (options: ConnectOptions, onClose: () => void): Promise<Keeper> => {
  const { session } = options;
  // A name that the worker does not take would give this page the session of another one.
  if (session !== undefined && SESSION_NAME.read(session) === undefined) throw new TypeError('session');
  const tab = newId();
  const part = import('./page-part.ts');
  const parts: Parts = Promise.all([part, loadRealtime()]);
  // It rejects in `wire`, once there is a host.
  parts.catch(() => undefined);
  /** What the page shows, for its calls. Nothing is known before the first welcome. */
  let client: Client | undefined;
  const shown = (): string | undefined => (client ? client.shown() : session);
  const wireTo: Wire = async (transport) =>
    (client = await wire({ transport, tab, session, build: buildOf(), publicClass: KeeperSocket }, parts));
  const { worker: script = DEFAULT_WORKER, config, patchFetch = true, vault } = options;
  const nearby = async (): Promise<Client> => {
    const worker = await overWorker(script, part, (site) => wireTo(workerTransport(site, tab, shown)));
    const near = worker.ok
      ? worker.value
      : await inPage(
          { config, script, tab, session, part, patchFetch, problem: worker.problem, WebSocket: NativeSocket },
          wireTo,
        );
    await near.ready;
    return near;
  };
  const wiring = await (vault === undefined
    ? nearby()
    : (await import('./vault/vault-transport.ts')).overVault({ vault, tab, patchFetch, session: shown }, wireTo));
  // without its part of the script there is no copy: never a reason not to connect
  const native = options.nativeStore && (await nativeOver(options.nativeStore, wiring).catch(() => undefined));
  return (await part).createKeeper(wiring, native, onClose);
};

/** `undefined`: no keeper, or it has closed. */
let opened: Promise<Keeper> | undefined;

const start = (options: ConnectOptions): Promise<Keeper> => {
  const idle = () => {
    opened = undefined;
    setSocketSource({ state: 'none' });
  };
  setSocketSource({ state: 'coming' });
  const keeper = open(options, idle);
  opened = keeper;
  keeper.then(({ socket }) => setSocketSource({ state: 'there', socket }), idle);
  return keeper;
};

/**
 * Connects this page to the worker, or starts the session in the page where there can be no worker. Resolves when the
 * first snapshot has arrived and requests get authorization. A document has one keeper: until it is closed, every call
 * returns the same one, and only the first call's options count.
 *
 * If neither a worker nor a host in the page can be reached, the session in the snapshot is `signed-out`, with the
 * problem `no-worker`. Rejects only when a part of this script cannot be loaded; call it again then. A `session` with other
 * characters than those of a name rejects with a `TypeError`.
 *
 * @example
 * import { connect } from 'session-keeper';
 * const keeper = await connect({ worker: '/sw.js' });
 * keeper.subscribe(({ session }) => console.log(session.state));
 */
export const connect = (options: ConnectOptions = {}): Promise<Keeper> => opened ?? start(options);
