import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../protocol/takeover-timing.ts';
import { ACTIVATION_SCRIPT, trustScript } from './trusted-types.ts';
import { sleep } from '../util/timers.ts';

/*
 * An old worker can be replaced when it has come to rest, and it does so when its pages hold still (sw/updates/stop-timing.ts). If a
 * request came in between all the same, it was started anew, and has to be asked anew to stop when it rests: a further
 * `skipWaiting()` does not, as the first one is still pending, but any start of a dedicated worker does, as any
 * navigation (`service_worker_controllee_request_handler.cc`; traced).
 */

/** How long before the beat the browser is asked: a worker has been asked for by then, and the old one has not stopped. */
const LEAD_MS = 120;
/** Three seconds of them; whom they did not let in waits for a quiet moment. */
const MOST_BREATHS = 15;
/** A worker has been asked for long before that. */
const KNOCK_MS = 1_000;
/** One page knocks for all. */
const LOCK = 'session-keeper:knock';

const alignToWindow = async (leadMs: number, act: () => void, done: AbortSignal): Promise<void> => {
  while (!done.aborted) {
    await sleep(QUIET_INTERVAL_MS - ((Date.now() + leadMs) % QUIET_INTERVAL_MS), done);
    if (!done.aborted) act();
  }
};

const triggerActivation = (): void => {
  try {
    const worker = new Worker(trustScript(ACTIVATION_SCRIPT) as string);
    setTimeout(() => worker.terminate(), KNOCK_MS);
  } catch {
    // forbidden here: the newcomer waits for a quiet moment, five minutes at most
  }
};

/** Nothing else keeps a page from sending requests. Hidden pages send few: their timers are slowed down. */
const pauseRequests = (): void => {
  while (document.visibilityState === 'visible' && Date.now() % QUIET_INTERVAL_MS < QUIET_WINDOW_MS);
};

/** Whether this page has asked for something since it was last looked; one that has not need not hold its breath. */
const watchRequests = (done: AbortSignal): (() => boolean) => {
  let asked = false;
  const observer = new PerformanceObserver((list) => {
    asked ||= list.getEntries().some(({ name }) => !name.endsWith(ACTIVATION_SCRIPT));
  });
  observer.observe({ type: 'resource' });
  done.addEventListener('abort', () => observer.disconnect());
  return () => {
    const before = asked;
    asked = false;
    return before;
  };
};

const knockOn = async (done: AbortSignal): Promise<void> => {
  // the first stop was asked for by the browser itself
  await sleep(QUIET_INTERVAL_MS, done);
  await navigator.locks.request(
    LOCK,
    { ifAvailable: true },
    (lock) => lock && alignToWindow(LEAD_MS, triggerActivation, done),
  );
};

/** Gets a newcomer in that wants to take over. */
export const requestTakeover = (done: AbortSignal): void => {
  const hasAsked = watchRequests(done);
  let left = MOST_BREATHS;
  void alignToWindow(0, () => hasAsked() && left-- > 0 && pauseRequests(), done);
  void knockOn(done);
};

/**
 * Whether the worker in control was made by another build than this page, and a later one than this page has met.
 * `page` is the build of `<meta name="build">`, `first` that of the first worker; a page that is newer than
 * its worker has nothing to gain from a reload.
 */
export const isOutdated = (page: string, first: string, now: string): boolean => now !== first && now !== page;
