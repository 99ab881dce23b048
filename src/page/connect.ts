import { failed, ok, type Problem, type Result } from '../protocol/problem.ts';
import { hostTransport, type LocalHost } from './host-transport.ts';
import { newId } from './ids.ts';
import { keeperOver } from './keeper.ts';
import type { NativeCopy } from './native-store.ts';
import { noHost } from './no-host.ts';
import type { ConnectOptions, Keeper, NativeStore } from './types.ts';
import { within } from './wait.ts';
import { wire, type Wiring } from './wiring.ts';
import { openWorkerSite } from './worker-site.ts';
import { workerTransport } from './worker-transport.ts';

const DEFAULT_WORKER = '/sw.js';
/** Three greetings. A worker that answers none of them is not a keeper. */
const FIRST_WELCOME_DEADLINE_MS = 10_000;

/** Identity of the build that made this page. */
const buildOf = (): string => document.querySelector<HTMLMetaElement>('meta[name="build"]')?.content ?? '';

/** The worker, if it takes control of this page and answers. */
const overWorker = async (script: string | TrustedScriptURL, tab: string): Promise<Result<Wiring>> => {
  const site = await openWorkerSite(script);
  if (!site.ok) return site;
  if (!(await site.value.controlled())) return failed({ code: 'no-worker', detail: 'no control' });
  const wiring = wire(workerTransport(site.value, tab), tab, buildOf());
  if (await within(wiring.met, FIRST_WELCOME_DEADLINE_MS, false)) return ok(wiring);
  wiring.close();
  return failed({ code: 'no-worker', detail: 'no welcome' });
};

/** The host in this page; it is loaded only where it is needed. */
const localHost = async ({ config }: ConnectOptions, problem: Problem): Promise<LocalHost> => {
  try {
    const { openFallback } = await import('./fallback.ts');
    const host = await openFallback(config, buildOf());
    return host.ok ? host.value : noHost(host.problem);
  } catch {
    return noHost(problem);
  }
};

const nativeOver = async (store: NativeStore, { transport, store: snapshots, show }: Wiring): Promise<NativeCopy> => {
  const { createNativeCopy } = await import('./native-store.ts');
  const copy = createNativeCopy(store, transport.api);
  if (await copy.offer(snapshots.get())) {
    const after = await transport.api.snapshot();
    if (after.ok) show(after.value);
  }
  snapshots.subscribe(copy.follow);
  return copy;
};

const open = async (options: ConnectOptions): Promise<Keeper> => {
  const tab = newId();
  const worker = await overWorker(options.worker ?? DEFAULT_WORKER, tab);
  const wiring = worker.ok ? worker.value : wire(hostTransport(await localHost(options, worker.problem)), tab, buildOf());
  await wiring.met;
  // without the chunk there is no copy: never a reason not to connect
  const native = options.nativeStore && (await nativeOver(options.nativeStore, wiring).catch(() => undefined));
  return keeperOver(wiring, native, () => {
    current = undefined;
  });
};

let current: Promise<Keeper> | undefined;

/**
 * Connects this page to its keeper: the worker, or where there can be none a host in the page. Resolves when the
 * first snapshot is there and requests are authorized, and never rejects: a page that reaches nobody is shown
 * a signed-out session with its problem. One keeper a document: while it is open, every call gives the same one.
 */
export const connect = (options: ConnectOptions = {}): Promise<Keeper> => (current ??= open(options));
