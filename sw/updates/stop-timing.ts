import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../src/protocol/takeover-timing.ts';

/*
 * When the active worker lets the waiting worker take over (docs/explanation/worker-updates.md).
 *
 * Chromium stops the old worker once no event is pending, and activates the waiting one 10–25 ms later. A request in
 * that window restarts the old worker, and the takeover is lost (`service_worker_version.cc`,
 * `service_worker_registration.cc`; traced). So the old worker keeps its event open until its pages hold their requests.
 */

/** The quiet window, less 40 ms for the stop: it took 10–25 ms on two busy cores, and 55 ms once. */
const STOP_WINDOW_MS = QUIET_WINDOW_MS - 40;
const POLL_INTERVAL_MS = 4;
/** All pages have received `hand-over` on their ports by then. */
const NOTIFY_MS = 40;
/**
 * Chromium does not stop a restarted worker until something makes it look for a waiting one. A page does that once in
 * each interval (src/page/connection/worker-update.ts).
 */
const UPDATE_CHECK_MS = QUIET_INTERVAL_MS;

export type StopTiming = {
  /** Must see each fetch event. */
  trackRequest(event: { readonly handled: Promise<unknown> }): void;
  /** Keeps the event open until a good moment to stop, for `ms` milliseconds at most. */
  hold(event: { waitUntil(work: Promise<unknown>): void }, ms: number): void;
};

/** `wasRestarted`: this worker started while another one waited to take over. */
export const createStopTiming = (
  wasRestarted: boolean,
  registration: Pick<ServiceWorkerRegistration, 'active'>,
): StopTiming => {
  let pendingRequests = 0;
  const end = () => {
    pendingRequests -= 1;
  };
  /** Chromium activates a worker a second after it took control. That event would start a stopped worker again. */
  const mayStop = (now: number, from: number): boolean =>
    pendingRequests === 0 &&
    now > from &&
    now % QUIET_INTERVAL_MS < STOP_WINDOW_MS &&
    registration.active?.state === 'activated';

  const untilGoodMoment = async (ms: number): Promise<void> => {
    let now = Date.now();
    const from = now + (wasRestarted ? UPDATE_CHECK_MS : NOTIFY_MS);
    const until = now + ms;
    // Twice in a row, because the body of a response is still on its way when `handled` resolves.
    for (let quiet = 0; quiet < 2 && now < until; quiet = mayStop(now, from) ? quiet + 1 : 0) {
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
      now = Date.now();
    }
  };

  return {
    trackRequest({ handled }) {
      pendingRequests += 1;
      handled.then(end, end);
    },
    hold: (event, ms) => event.waitUntil(untilGoodMoment(ms)),
  };
};
