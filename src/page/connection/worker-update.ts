import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../protocol/takeover-timing.ts';
import { ACTIVATION_SCRIPT, trustScript } from './trusted-types.ts';
import { sleep } from '../util/timers.ts';

/*
 * The browser replaces an old worker when it has stopped, and it stops when its pages send no requests
 * (sw/updates/stop-timing.ts). A request in between starts it again. Then the browser must check again. A second
 * `skipWaiting()` does not cause that, because the first one is still pending. Each start of a dedicated worker does,
 * and so does each navigation (`service_worker_controllee_request_handler.cc`; traced).
 */

/** How long before the quiet window the page triggers the check: long enough to start the request, before the old worker stops. */
const LEAD_MS = 120;
/** Three seconds in total. After them the waiting worker waits until all pages are quiet. */
const MAX_PAUSES = 15;
/** Lifetime of the dedicated worker. Its script request is sent long before the end. */
const TRIGGER_WORKER_MS = 1_000;
/** One page triggers the check for all pages of this worker. */
const LOCK = 'session-keeper:knock:';

const alignToWindow = async (leadMs: number, act: () => void, done: AbortSignal): Promise<void> => {
  while (!done.aborted) {
    await sleep(QUIET_INTERVAL_MS - ((Date.now() + leadMs) % QUIET_INTERVAL_MS), done);
    if (!done.aborted) act();
  }
};

const triggerActivation = (folder: string): void => {
  try {
    const worker = new Worker(trustScript(folder + ACTIVATION_SCRIPT) as string);
    setTimeout(() => worker.terminate(), TRIGGER_WORKER_MS);
  } catch {
    // Dedicated workers are forbidden here: the waiting worker waits until all pages are quiet, five minutes at most.
  }
};

/** Blocks the thread: nothing else keeps a page from sending requests. Hidden pages send few, with their slowed timers. */
const pauseRequests = (): void => {
  while (document.visibilityState === 'visible' && Date.now() % QUIET_INTERVAL_MS < QUIET_WINDOW_MS);
};

/** Returns whether the page has sent a request since the last call. A page without requests need not pause. */
const watchRequests = (done: AbortSignal): (() => boolean) => {
  let hasSent = false;
  const observer = new PerformanceObserver((list) => {
    hasSent ||= list.getEntries().some(({ name }) => !name.endsWith(ACTIVATION_SCRIPT));
  });
  observer.observe({ type: 'resource' });
  done.addEventListener('abort', () => observer.disconnect());
  return () => {
    const before = hasSent;
    hasSent = false;
    return before;
  };
};

const triggerActivations = async (folder: string, done: AbortSignal): Promise<void> => {
  // The browser itself makes the first check.
  await sleep(QUIET_INTERVAL_MS, done);
  await navigator.locks.request(
    LOCK + folder,
    { ifAvailable: true },
    (lock) => lock && alignToWindow(LEAD_MS, () => triggerActivation(folder), done),
  );
};

/** Helps the waiting worker of a script in this folder to take over, until the signal aborts. */
export const requestTakeover = (folder: string, done: AbortSignal): void => {
  const hasSentRequests = watchRequests(done);
  let left = MAX_PAUSES;
  void alignToWindow(0, () => hasSentRequests() && left-- > 0 && pauseRequests(), done);
  void triggerActivations(folder, done);
};
