import { parseJson } from '../../../src/protocol/schema/json.ts';
import { startBareBrowser, type BareBrowser, type BareTab } from '../browser/bare-browser.ts';
import { update } from '../page/update.ts';
import { startDeployment, type Deployment } from '../server/deployment.ts';

/** What all pages together have seen since the start. */
export type Seen = {
  /** Requests with a 200. */
  requests: number;
  /** Statuses and errors of all others, and `unanswered` for requests without an answer. */
  failures: readonly string[];
  /** How many of them the server counted. */
  served: number;
  /** Published messages that each page received. */
  received: readonly number[];
  published: number;
  /** Gap events, and offsets that do not follow the previous one. */
  gaps: number;
  /** Messages that came again. */
  doubled: number;
};

/** Pages that send requests, listen and stream without a pause, while newer workers come. */
export type UpdateLoad = {
  /** Deploys a worker and checks for an update. Returns the ms from its installation until it controls the pages. */
  update(): Promise<number>;
  /** Waits until all published messages have come or the deadline is over. */
  seen(): Promise<Seen>;
  readonly site: Deployment;
  stop(): Promise<void>;
};

export const PAGES = 3;
const REQUEST_EVERY_MS = 10;
/** A page with this many open requests sends no more: the test loads a browser, it does not flood it. */
const MOST_UNDER_WAY = 1;
const MESSAGE_EVERY_MS = 5;
const MESSAGES_EACH = 200;
const SETTLED_DEADLINE_MS = 20_000;
/** A request without an answer after this time counts as unanswered. */
const ANSWERED_WITHIN_MS = 15_000;
const TOPIC = 'update-load';
const MODELS = '/api/v1/llm/models';

const CONNECT = `import('/keeper.js').then(async ({ connect }) => { globalThis.keeper = await connect({ worker: '/sw.js' }) })`;
const SIGN_IN = `keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })`;

const LISTEN = `void (async () => {
  globalThis.received = { messages: 0, gaps: 0, doubled: 0, last: undefined };
  for await (const event of keeper.channel('${TOPIC}').events()) {
    if (event.type === 'gap') received.gaps += 1;
    if (event.type !== 'message') continue;
    if (event.offset <= received.last) received.doubled += 1;
    else if (received.last !== undefined && event.offset !== received.last + 1) received.gaps += 1;
    received.last = event.offset;
    if (typeof event.data.n === 'number') received.messages += 1;
  }
})()`;

const LOAD = `(() => {
  globalThis.load = { ok: 0, failures: [], underWay: 0 };
  const sendRequest = async () => {
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
  load.timer = setInterval(sendRequest, ${REQUEST_EVERY_MS});
})()`;

/** Stops the load: the page or the server alone would count a request that is still open. */
const REST = `clearInterval(load.timer)`;
const IS_ANSWERED = `load.underWay === 0`;

/** One stream for all pages: it takes one of the six connections that a browser opens to a host. */
const STREAM = `void new EventSource('/api/v1/media/stream?count=1000&everyMs=20')`;

const state = (build: string): string =>
  `keeper.snapshot.build === '${build}' && keeper.snapshot.sockets['/api/socket']?.state === 'open'`;

const SEEN = `JSON.stringify({ ok: load.ok, failures: load.failures, messages: received.messages, gaps: received.gaps, doubled: received.doubled })`;
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
    throw new Error('The session is not active.');
  await page.evaluate(LISTEN);
};

const receivedOwn = async (page: BareTab): Promise<boolean> => {
  await page.evaluate(`keeper.channel('${TOPIC}').publish('here')`);
  return (await page.evaluate(`received.last !== undefined`)) === true;
};

const openPages = async (browser: BareBrowser, origin: string): Promise<BareTab[]> => {
  const pages: BareTab[] = [browser];
  while (pages.length < PAGES) pages.push(await browser.openWindow());
  for (const [index, page] of pages.entries()) {
    await prepare(page, origin, index === 0);
    if (!(await until(() => receivedOwn(page)))) throw new Error('A page did not receive its own message.');
  }
  await pages[0]?.evaluate(STREAM);
  for (const page of pages) await page.evaluate(LOAD);
  return pages;
};

const readPage = async (page: BareTab): Promise<PageSeen> =>
  // The expression above writes it.
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
  const allReceived = async (): Promise<boolean> =>
    (await Promise.all(pages.map(readPage))).every(({ messages }) => messages >= published);
  return {
    site,
    stop,
    async update() {
      const { deployed: build, ms } = await update(browser, async () => {
        const next = await site.deploy();
        await site.faults.publish({ topic: TOPIC, count: MESSAGES_EACH, everyMs: MESSAGE_EVERY_MS });
        published += MESSAGES_EACH;
        return next;
      });
      for (const page of pages) {
        if (!(await until(async () => (await page.evaluate(state(build))) === true)))
          throw new Error(`A page did not reach the worker ${build}.`);
      }
      return ms;
    },
    async seen() {
      for (const page of pages) {
        await page.evaluate(REST);
        await until(async () => (await page.evaluate(IS_ANSWERED)) === true);
      }
      await until(allReceived);
      const all = await Promise.all(pages.map(readPage));
      return {
        requests: all.reduce((sum, { ok }) => sum + ok, 0),
        served: (await site.faults.log()).filter(({ path }) => path === MODELS).length,
        failures: all.flatMap(({ failures }) => failures),
        received: all.map(({ messages }) => messages),
        published,
        gaps: all.reduce((sum, { gaps }) => sum + gaps, 0),
        doubled: all.reduce((sum, { doubled }) => sum + doubled, 0),
      };
    },
  };
};
