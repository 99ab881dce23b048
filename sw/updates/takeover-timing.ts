import { QUIET_INTERVAL_MS, QUIET_WINDOW_MS } from '../../src/protocol/takeover-timing.ts';

/*
 * Chromium replaces a worker when nothing is under way in it: it stops it, and lets the newcomer in when it has
 * stopped. A request that finds it gone before that has it started anew, and all was in vain
 * (`service_worker_version.cc`, `service_worker_registration.cc`; traced). So the worker does not come to rest at any
 * moment, but at one when its pages hold still.
 */

/** From then on there is too little time left to stop (10 to 25 ms were seen on two busy cores, 55 once). */
const DOOR_MS = QUIET_WINDOW_MS - 40;
const LOOK_EVERY_MS = 4;
/** Until all pages know: they are told on their ports. */
const TOLD_MS = 40;
/** A worker that was started anew stops only after the browser was asked to look (src/page/connection/worker-update.ts), once for each beat. */
const LOOKED_MS = QUIET_INTERVAL_MS;

/** Makes room for a newcomer. */
export type TakeoverTiming = {
  /** Is to see each fetch event. */
  trackRequest(event: { readonly handled: Promise<unknown> }): void;
  /** Keeps this worker from coming to rest at a wrong moment, for `ms` milliseconds at most. */
  hold(event: { waitUntil(work: Promise<unknown>): void }, ms: number): void;
};

export const createTakeoverTiming = (
  startedAnew: boolean,
  registration: Pick<ServiceWorkerRegistration, 'active'>,
): TakeoverTiming => {
  let underWay = 0;
  const end = () => {
    underWay -= 1;
  };
  /** Chromium activates a worker a second after it has taken control; an event that is yet to come would start it again. */
  const mayRest = (now: number, from: number): boolean =>
    underWay === 0 && now > from && now % QUIET_INTERVAL_MS < DOOR_MS && registration.active?.state === 'activated';

  const untilPagesAreStill = async (ms: number): Promise<void> => {
    let now = Date.now();
    const from = now + (startedAnew ? LOOKED_MS : TOLD_MS);
    const until = now + ms;
    // twice: the body of an answer is on its way for a while yet
    for (let quiet = 0; quiet < 2 && now < until; quiet = mayRest(now, from) ? quiet + 1 : 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      now = Date.now();
    }
  };

  return {
    trackRequest({ handled }) {
      underWay += 1;
      handled.then(end, end);
    },
    hold: (event, ms) => event.waitUntil(untilPagesAreStill(ms)),
  };
};
