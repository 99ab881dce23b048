import { PULSE_SCRIPT, trustScript } from './trusted.ts';
import { rest } from './wait.ts';

/*
 * Chromium lets a newcomer in when the old worker has nothing to do, or after five minutes. It asks an idle worker to
 * stop, and a request that comes while it stops (milliseconds) starts the old one again, as if nobody waited; a further
 * `skipWaiting()` changes nothing, as the first one is still pending. Under steady requests a newcomer so waits on
 * (`service_worker_registration.cc`, `service_worker_version.cc`; measured). Two things help, and both are needed:
 *
 * - Any start of a dedicated worker, as any navigation, has Chromium try anew.
 * - The old worker has to be left alone for a moment, so the pages on the screen that ask for things hold their
 *   breath, all at the same one.
 */

/** By the clock that all pages share; the first beat comes only where the newcomer was not let in at once. */
const BEAT_MS = 200;
/** How long before the breath the browser is asked, as starting a worker takes about as long on a busy device. */
const LEAD_MS = 80;
/** Less is often not enough, and each failure says that this device needs more. */
const FIRST_BREATH_MS = 60;
const LONGER_BY_MS = 20;
const LONGEST_BREATH_MS = 120;
/** Five seconds of them; whom they did not let in waits for a quiet moment. */
const MOST_BREATHS = 25;
/** A worker has been asked for long before that. */
const KNOCK_MS = 1_000;
/** One page knocks for all. */
const LOCK = 'session-keeper:knock';

const beats = async (leadMs: number, act: () => void, done: AbortSignal): Promise<void> => {
  while (!done.aborted) {
    await rest(BEAT_MS - ((Date.now() + leadMs) % BEAT_MS), done);
    if (!done.aborted) act();
  }
};

const knock = (): void => {
  try {
    const worker = new Worker(trustScript(PULSE_SCRIPT) as string);
    setTimeout(() => worker.terminate(), KNOCK_MS);
  } catch {
    // forbidden here: the newcomer waits for a quiet moment, five minutes at most
  }
};

/** Nothing else keeps a page from sending requests. Hidden pages send few: their timers are slowed down. */
const holdBreath = (ms: number): void => {
  while (document.visibilityState === 'visible' && Date.now() % BEAT_MS < ms);
};

/** Whether this page has asked for something since it was last looked; one that has not need not hold its breath. */
const watchRequests = (done: AbortSignal): (() => boolean) => {
  let asked = false;
  const observer = new PerformanceObserver((list) => {
    asked ||= list.getEntries().some(({ name }) => !name.endsWith(PULSE_SCRIPT));
  });
  observer.observe({ type: 'resource' });
  done.addEventListener('abort', () => observer.disconnect());
  return () => {
    const before = asked;
    asked = false;
    return before;
  };
};

/** Gets a newcomer in that wants to take over. */
export const press = (done: AbortSignal): void => {
  const hasAsked = watchRequests(done);
  let ms = FIRST_BREATH_MS;
  let left = MOST_BREATHS;
  const breathe = () => {
    if (!hasAsked() || left-- <= 0) return;
    holdBreath(ms);
    ms = Math.min(ms + LONGER_BY_MS, LONGEST_BREATH_MS);
  };
  void beats(0, breathe, done);
  void navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => lock && beats(LEAD_MS, knock, done));
};

/**
 * Whether the worker in control was made by another build than this page, and a later one than this page has met.
 * `page` is the build of `<meta name="build">`, `first` that of the first worker; a page that is newer than
 * its worker has nothing to gain from a reload.
 */
export const isOutdated = (page: string, first: string, now: string): boolean => now !== first && now !== page;
