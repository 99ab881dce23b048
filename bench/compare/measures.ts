import { setTimeout as rest } from 'node:timers/promises';
import type { Site } from './site.ts';
import type { Stage } from './stage.ts';

/**
 * `stage`: the tab for one subject at a time. `tabs`: more tabs, each in a window of its own, for the benches that need them.
 * `whileOpening` is called with the opening of these.
 */
export type Stages = {
  readonly stage: Stage;
  readonly tabs: readonly Stage[];
  readonly whileOpening?: <T>(open: () => Promise<T>) => Promise<T>;
};

/** Measures a subject once. Resolves with times in ms: one, or several where one round gives several. */
export type Measure = (stages: Stages, site: Site) => Promise<readonly number[]>;

/** What the page and its worker do after the first answer is not part of a measure. */
const QUIET_MS = 200;
const WARM_UP = 20;
const WARM_REQUESTS = 200;
/** Requests of each round with several at once, at least. */
const CROWD_REQUESTS = 300;
/** A worker stops, and its token expires before it starts again. */
const SHORT_SECONDS = 2;
/** Longer than a run, in seconds. */
export const LONG_SECONDS = 86_400;

const timesIn = async ({ tab }: Stage, expression: string): Promise<number[]> => {
  const value = await tab.evaluate(expression);
  return (Array.isArray(value) ? value : [value]).map(Number);
};

const REQUEST = `(async () => {
  const begun = performance.now();
  const status = await subject.request();
  if (status !== 200) throw new Error('status ' + status);
  return performance.now() - begun;
})()`;

const openIdle = async (stage: Stage, site: Site): Promise<void> => {
  await stage.openIdle(site);
  await rest(QUIET_MS);
};

const stopWorkers = async (stage: Stage): Promise<void> => {
  await stage.stopWorkers();
  await rest(QUIET_MS);
};

/** The first request after the worker was stopped. The page does not talk to its worker otherwise. */
export const cold: Measure = async ({ stage }, site) => {
  await openIdle(stage, site);
  await stopWorkers(stage);
  return timesIn(stage, REQUEST);
};

/** Requests to a running worker, one after the other. */
export const warm: Measure = async ({ stage }, site) => {
  await openIdle(stage, site);
  return timesIn(
    stage,
    `(async () => {
      for (let index = 0; index < ${WARM_UP}; index += 1) await ${REQUEST};
      const times = [];
      for (let index = 0; index < ${WARM_REQUESTS}; index += 1) times.push(await ${REQUEST});
      return times;
    })()`,
  );
};

/** So many requests to a running worker at once. */
export const crowd =
  (atOnce: number): Measure =>
  async ({ stage }, site) => {
    await openIdle(stage, site);
    return timesIn(
      stage,
      `(async () => {
        const all = () => Promise.all(Array.from({ length: ${atOnce} }, () => ${REQUEST}));
        await all();
        const times = [];
        while (times.length < ${CROWD_REQUESTS}) times.push(...(await all()));
        return times;
      })()`,
    );
  };

/** From the start of a reload until the backend has confirmed the session to the page. The worker has run on. */
export const reloadRunning: Measure = async ({ stage }, site) => {
  await stage.open(site);
  await rest(QUIET_MS);
  return [(await stage.reload()).at];
};

/**
 * The backend refuses the access token that the worker has. A running worker renews a token before it expires. Session
 * Keeper's worker renews only so often after a 401, to protect the provider. So each round has a worker of its own.
 */
export const reloadRefused: Measure = async ({ stage }, site) => {
  await openIdle(stage, site);
  await stopWorkers(stage);
  await stage.open(site);
  await rest(QUIET_MS);
  await site.lab.expireTokens();
  return [(await stage.reload()).at];
};

/** A page of a closed application is opened again. */
export const reloadStopped: Measure = async ({ stage }, site) => {
  await stage.open(site);
  await openIdle(stage, site);
  await stopWorkers(stage);
  return [(await stage.open(site)).at];
};

/** The same after a break that was longer than the access token's life. */
export const reloadExpired: Measure = async ({ stage }, site) => {
  await site.lab.setLifetimes({ accessSeconds: SHORT_SECONDS });
  await site.lab.expireTokens();
  await stage.open(site);
  await openIdle(stage, site);
  await stopWorkers(stage);
  await rest(SHORT_SECONDS * 1_000);
  await site.lab.setLifetimes({ accessSeconds: LONG_SECONDS });
  return [(await stage.open(site)).at];
};

/** A browser restores its tabs: they load at the same moment, and no worker runs. The time until the last one is back. */
export const lastTab: Measure = async ({ stage, tabs, whileOpening = (open) => open() }, site) => {
  await Promise.all([stage, ...tabs].map((tab) => tab.openIdle(site)));
  await rest(QUIET_MS);
  await stopWorkers(stage);
  const verified = await whileOpening(() => Promise.all(tabs.map((tab) => tab.open(site))));
  // A connected page would start its worker again, and disturb what comes next.
  await Promise.all(tabs.map((tab) => tab.openIdle(site)));
  const begun = Math.min(...verified.map(({ origin }) => origin));
  return [Math.max(...verified.map(({ origin, at }) => origin + at)) - begun];
};
