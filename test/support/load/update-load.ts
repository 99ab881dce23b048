import { parseJson } from '../../../src/protocol/json.ts';
import { startBareBrowser, type BareBrowser, type BareTab } from '../browser/bare-browser.ts';
import { startDeployment, type Deployment } from '../server/deployment.ts';

/** What all pages together have seen, from the beginning on. */
export type Seen = {
  /** Requests that were answered with 200. */
  requests: number;
  /** Statuses and errors of all others, and `unanswered` for what nobody has answered at all. */
  failures: readonly string[];
  /** How many of them have reached the server, as that one counts them. */
  served: number;
  /** Messages of the channel that came to a page, of those that were published, by page. */
  heard: readonly number[];
  published: number;
  /** Gaps that were told, and places where an offset does not follow upon the one before. */
  gaps: number;
  /** Messages that came once more. */
  doubled: number;
};

/** Pages that ask, listen and stream without a rest, while newer workers come. */
export type UpdateLoad = {
  /** Deploys a worker and has the browser look for it; ms from its installation until it controls the pages. */
  update(): Promise<number>;
  /** Waits until everything that was published has come, or has had time to; then tells. */
  seen(): Promise<Seen>;
  readonly site: Deployment;
  stop(): Promise<void>;
};

export const PAGES = 3;
const REQUEST_EVERY_MS = 10;
/** A page that waits for so many answers asks for no more: a browser is to be loaded, not flooded. */
const MOST_UNDER_WAY = 1;
const MESSAGE_EVERY_MS = 5;
const MESSAGES_EACH = 200;
/** Longer than any newcomer may take; the browser gives up itself after five minutes. */
const UPDATE_DEADLINE_MS = 20_000;
const SETTLED_DEADLINE_MS = 20_000;
/** What takes longer than this will not be answered any more. */
const ANSWERED_WITHIN_MS = 5_000;
const TOPIC = 'update-load';
const MODELS = '/api/v1/llm/models';

const CONNECT = `import('/keeper.js').then(async ({ connect }) => { globalThis.keeper = await connect({ worker: '/sw.js' }) })`;
const SIGN_IN = `keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })`;

const LISTEN = `void (async () => {
  globalThis.heard = { messages: 0, gaps: 0, doubled: 0, last: undefined };
  for await (const event of keeper.channel('${TOPIC}').events()) {
    if (event.type === 'gap') heard.gaps += 1;
    if (event.type !== 'message') continue;
    if (event.offset <= heard.last) heard.doubled += 1;
    else if (heard.last !== undefined && event.offset !== heard.last + 1) heard.gaps += 1;
    heard.last = event.offset;
    if (typeof event.data.n === 'number') heard.messages += 1;
  }
})()`;

const LOAD = `(() => {
  globalThis.load = { ok: 0, failures: [], underWay: 0 };
  const ask = async () => {
    if (load.underWay >= ${MOST_UNDER_WAY}) return;
    load.underWay += 1;
    const lost = setTimeout(() => load.failures.push('unanswered'), ${ANSWERED_WITHIN_MS});
    try {
      const response = await fetch('${MODELS}');
      await response.arrayBuffer();
      if (response.status === 200) load.ok += 1;
      else load.failures.push(String(response.status));
    } catch (error) {
      load.failures.push(String(error));
    }
    clearTimeout(lost);
    load.underWay -= 1;
  };
  load.asking = setInterval(ask, ${REQUEST_EVERY_MS});
})()`;

/** The load ends, for what is still under way could be counted on one side only. */
const REST = `clearInterval(load.asking)`;
const IS_ANSWERED = `load.underWay === 0`;

/** One for all pages: it takes one of the six connections that a browser has for a host. */
const STREAM = `void new EventSource('/api/v1/media/stream?count=1000&everyMs=20')`;

const UPDATE = `(async () => {
  const registration = await navigator.serviceWorker.ready;
  const late = (value) => new Promise((resolve) => setTimeout(resolve, ${UPDATE_DEADLINE_MS}, value));
  const installed = new Promise((resolve) => registration.addEventListener('updatefound', () => {
    registration.installing.addEventListener('statechange', () => resolve(performance.now()), { once: true });
  }, { once: true }));
  const controlled = new Promise((resolve) =>
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(performance.now()), { once: true }));
  await Promise.race([registration.update(), late()]);
  const from = await Promise.race([installed, late()]);
  return from === undefined ? 'not installed' : String((await Promise.race([controlled, late(Infinity)])) - from);
})()`;

const state = (build: string): string =>
  `keeper.snapshot.build === '${build}' && keeper.snapshot.sockets['/api/socket']?.state === 'open'`;

const SEEN = `JSON.stringify({ ok: load.ok, failures: load.failures, messages: heard.messages, gaps: heard.gaps, doubled: heard.doubled })`;
type PageSeen = { ok: number; failures: string[]; messages: number; gaps: number; doubled: number };

const until = async (holds: () => Promise<boolean>): Promise<boolean> => {
  const end = performance.now() + SETTLED_DEADLINE_MS;
  while (performance.now() < end) if (await holds()) return true;
  return false;
};

const prepare = async (page: BareTab, origin: string, signIn: boolean): Promise<void> => {
  await page.goto(`${origin}/`);
  await page.evaluate(CONNECT);
  if (signIn) await page.evaluate(SIGN_IN);
  if (!(await until(async () => (await page.evaluate(`keeper.snapshot.session.state`)) === 'active')))
    throw new Error('Nobody is signed in.');
  await page.evaluate(LISTEN);
};

const heardItself = async (page: BareTab): Promise<boolean> => {
  await page.evaluate(`keeper.channel('${TOPIC}').publish('here')`);
  return (await page.evaluate(`heard.last !== undefined`)) === true;
};

const openPages = async (browser: BareBrowser, origin: string): Promise<BareTab[]> => {
  const pages: BareTab[] = [browser];
  while (pages.length < PAGES) pages.push(await browser.openWindow());
  for (const [index, page] of pages.entries()) {
    await prepare(page, origin, index === 0);
    if (!(await until(() => heardItself(page)))) throw new Error('A page does not hear itself.');
  }
  await pages[0]?.evaluate(STREAM);
  for (const page of pages) await page.evaluate(LOAD);
  return pages;
};

const readPage = async (page: BareTab): Promise<PageSeen> =>
  // written by the expression above
  parseJson(String(await page.evaluate(SEEN))) as PageSeen;

export const startUpdateLoad = async (): Promise<UpdateLoad> => {
  const site = await startDeployment();
  const browser = await startBareBrowser();
  const stop = async (): Promise<void> => {
    await browser.close();
    await site.stop();
  };
  const pages = await openPages(browser, site.origin).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  let published = 0;
  const allHeard = async (): Promise<boolean> =>
    (await Promise.all(pages.map(readPage))).every(({ messages }) => messages >= published);
  return {
    site,
    stop,
    async update() {
      const build = await site.deploy();
      await site.faults.publish({ topic: TOPIC, count: MESSAGES_EACH, everyMs: MESSAGE_EVERY_MS });
      published += MESSAGES_EACH;
      const ms = Number(await browser.evaluate(UPDATE));
      if (Number.isNaN(ms)) throw new Error(`The worker ${build} was not installed.`);
      for (const page of pages) {
        if (!(await until(async () => (await page.evaluate(state(build))) === true)))
          throw new Error(`A page has not come to the worker ${build}.`);
      }
      return ms;
    },
    async seen() {
      for (const page of pages) {
        await page.evaluate(REST);
        await until(async () => (await page.evaluate(IS_ANSWERED)) === true);
      }
      await until(allHeard);
      const all = await Promise.all(pages.map(readPage));
      return {
        requests: all.reduce((sum, { ok }) => sum + ok, 0),
        served: (await site.faults.log()).filter(({ path }) => path === MODELS).length,
        failures: all.flatMap(({ failures }) => failures),
        heard: all.map(({ messages }) => messages),
        published,
        gaps: all.reduce((sum, { gaps }) => sum + gaps, 0),
        doubled: all.reduce((sum, { doubled }) => sum + doubled, 0),
      };
    },
  };
};
