import { setTimeout as rest } from 'node:timers/promises';
import { seededChance, type Chance } from '../../../lab/base/chance.ts';
import { withDeadline } from '../../../src/protocol/timing/timer.ts';
import { startBareBrowser, type BareBrowser, type BareTab } from '../browser/bare-browser.ts';
import { heldByWorkers, heldMemory } from '../browser/held-memory.ts';
import { startDeployment, type Deployment } from '../server/deployment.ts';
import {
  askExpression,
  END_EXPRESSION,
  FLOOD_TOPIC,
  VIEW_EXPRESSION,
  watchExpression,
  type PageView,
} from './chaos-page.ts';

/*
 * Two users with a session each on one origin, in several tabs. Random faults happen one after the other, while messages
 * arrive. A model knows what must hold:
 * - No session ends, and each page shows its own user and is connected again.
 * - Each message comes once and in order.
 * - No page can read a token.
 * - The token endpoint gets no more requests than the faults explain.
 */

/** Each with a weight. A heavier one comes more often. */
const ACTIONS = {
  'a tab opens': 3,
  'a tab closes': 3,
  'a tab reloads': 4,
  'a tab reloads past its worker': 2,
  'a tab freezes': 2,
  'all tabs reload at once': 1,
  'the worker is killed': 4,
  'the sockets are dropped': 2,
  'the sockets freeze': 1,
  'the server restarts': 2,
  'the access tokens expire': 4,
  'the token endpoint answers 503': 2,
  'the token endpoint answers with a captive portal': 1,
  'an answer of the token endpoint is lost': 2,
  'the API answers 503': 1,
  'the server clock jumps': 1,
  'a new version is deployed': 1,
} as const;
type Action = keyof typeof ACTIONS;

/** Requests to the token endpoint that one such fault may cause for each session. A failed one is repeated with pauses. */
const GRANTS: Partial<Readonly<Record<Action, number>>> = {
  'the access tokens expire': 1,
  'the server clock jumps': 2,
  'the token endpoint answers 503': 6,
  'the token endpoint answers with a captive portal': 6,
  'an answer of the token endpoint is lost': 3,
  // It may have ended a refresh.
  'the worker is killed': 1,
  'the server restarts': 1,
  'a new version is deployed': 1,
};

const USERS = ['demo', 'work'] as const;
type User = (typeof USERS)[number];
/** A document without the app, which reloads itself for a new version. */
const PAGE = '/chaos.html';
const PER_SECOND = 20;
const MAX_TABS = 6;
const FAULT_MS = 2_000;
const HOUR_MS = 3_600_000;
/** Backoff, a waiting worker, and a socket that froze all end within this time. */
const HEALTHY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
const MAX_PAUSE_MS = 1_000;
const MEASURE_EVERY = 10;

const LATE = Symbol('late');

type Tab = { tab: BareTab; user: User; name: string };

export type ChaosResult = {
  seed: number;
  ms: number;
  actions: readonly Action[];
  /** What broke the model. Empty for a good run. */
  violations: readonly string[];
  messages: number;
  tokenRequests: number;
  allowedTokenRequests: number;
  /** Bytes that the first two tabs and the workers hold after a garbage collection, from time to time. */
  held: readonly number[];
  slowestRecoveryMs: number;
};

export type ChaosOptions = { seconds: number; seed: number; report?(line: string): void };

const ACCOUNTS = USERS.map((username) => ({
  ...{ username, password: username, name: username, apiKey: `key-${username}` },
}));

const draw = (chance: Chance): Action => {
  const entries = Object.entries(ACTIONS) as [Action, number][];
  let place = chance() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  return entries.find(([, weight]) => (place -= weight) < 0)?.[0] ?? 'a tab reloads';
};

class ChaosRun {
  readonly #site: Deployment;
  readonly #browser: BareBrowser;
  readonly #chance: Chance;
  readonly #options: ChaosOptions;
  readonly #tabs: Tab[] = [];
  readonly #actions: Action[] = [];
  readonly #violations: string[] = [];
  readonly #held: number[] = [];
  #opened = 0;
  #slowestMs = 0;
  #messages = 0;
  /** Of servers that have ended. */
  #formerRequests = 0;
  #isOver = false;
  #isAhead = false;

  constructor(site: Deployment, browser: BareBrowser, options: ChaosOptions) {
    this.#site = site;
    this.#browser = browser;
    this.#chance = seededChance(options.seed);
    this.#options = options;
  }

  async run(): Promise<ChaosResult> {
    const { seconds, seed } = this.#options;
    const startedAt = performance.now();
    for (const user of USERS) await this.#openTab(user, true);
    const flood = this.#flood();
    try {
      while (performance.now() - startedAt < seconds * 1_000 && this.#violations.length === 0) await this.#turn();
    } finally {
      this.#isOver = true;
      await flood;
    }
    if (this.#violations.length === 0) await this.#checkEnd();
    const newest = await this.#site.faults.stats().catch(() => undefined);
    if (!newest) this.#violations.push('the server does not answer at the end');
    const tokenRequests = this.#formerRequests + (newest?.tokenRequests ?? 0);
    const allowedTokenRequests = this.#allowedRequests();
    if (tokenRequests > allowedTokenRequests)
      this.#violations.push(
        `${tokenRequests} requests to the token endpoint, and the faults explain ${allowedTokenRequests}`,
      );
    return {
      ...{ seed, ms: performance.now() - startedAt, actions: this.#actions, violations: this.#violations },
      ...{ messages: this.#messages, tokenRequests, allowedTokenRequests, held: this.#held },
      slowestRecoveryMs: this.#slowestMs,
    };
  }

  async #turn(): Promise<void> {
    const action = draw(this.#chance);
    this.#actions.push(action);
    const what = `${this.#actions.length}, ${action}`;
    try {
      await this.#perform(action);
      for (const user of USERS) await this.#expectHealthy(this.#pick(this.#tabs.filter((each) => each.user === user)));
      if (this.#actions.length % MEASURE_EVERY === 0) this.#held.push(await this.#measure());
    } catch (error) {
      this.#violations.push(`turn ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.#options.report?.(`turn ${what}: ${this.#tabs.length} tabs, ${this.#messages} messages`);
    await rest(this.#chance() * MAX_PAUSE_MS);
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.#chance() * list.length)];
    if (found === undefined) throw new Error('There is nothing to choose from.');
    return found;
  }

  async #perform(action: Action): Promise<void> {
    const { faults } = this.#site;
    switch (action) {
      case 'a tab opens':
        if (this.#tabs.length < MAX_TABS) await this.#openTab(this.#pick(USERS), false);
        return;
      case 'a tab closes':
        return this.#closeTab();
      case 'a tab reloads':
        return this.#reload(this.#pick(this.#tabs), false);
      case 'a tab reloads past its worker':
        return this.#reload(this.#pick(this.#tabs), true);
      case 'all tabs reload at once':
        await Promise.all(this.#tabs.map((each) => this.#reload(each, false)));
        return;
      case 'a tab freezes': {
        const { tab } = this.#pick(this.#tabs);
        await tab.setLife('frozen');
        await rest(FAULT_MS);
        return tab.setLife('active');
      }
      case 'the worker is killed':
        return this.#browser.killWorkers();
      case 'the sockets are dropped':
        return void (await faults.dropSockets());
      case 'the sockets freeze':
        return void (await faults.freezeSockets(FAULT_MS));
      case 'the server restarts':
        this.#formerRequests += (await faults.stats()).tokenRequests;
        await this.#site.restart(this.#chance() * FAULT_MS);
        this.#isAhead = false;
        return;
      case 'the access tokens expire':
        return faults.expireTokens();
      case 'the token endpoint answers 503':
        await faults.add({ at: 'token', kind: 'status', forMs: FAULT_MS });
        return faults.expireTokens();
      case 'the token endpoint answers with a captive portal':
        await faults.add({ at: 'token', kind: 'html', forMs: FAULT_MS });
        return faults.expireTokens();
      case 'an answer of the token endpoint is lost':
        await faults.add({ at: 'token', kind: 'lost', times: 1, forMs: HEALTHY_WITHIN_MS });
        return faults.expireTokens();
      case 'the API answers 503':
        return faults.add({ at: 'api', kind: 'status', forMs: FAULT_MS });
      case 'the server clock jumps':
        this.#isAhead = !this.#isAhead;
        return faults.setClockSkew(this.#isAhead ? HOUR_MS : 0);
      case 'a new version is deployed':
        await this.#site.deploy();
        return void (await this.#browser.evaluate(
          'void navigator.serviceWorker.ready.then((registration) => registration.update())',
        ));
    }
  }

  async #openTab(user: User, isNew: boolean): Promise<void> {
    const isFirst = this.#tabs.length === 0;
    const tab = isFirst ? this.#browser : await this.#browser.openWindow();
    this.#opened += 1;
    const opened: Tab = { tab, user, name: `tab ${this.#opened} of ${user}` };
    await tab.goto(this.#site.origin + PAGE);
    await this.#watch(opened, isNew);
    this.#tabs.push(opened);
  }

  #watch(watched: Tab, isNew: boolean): Promise<unknown> {
    return this.#ask(watched, watchExpression(watched.user, isNew));
  }

  /** Rejects when the page does not answer: a run must end. */
  async #ask({ tab, name }: Tab, expression: string): Promise<unknown> {
    const answer = await withDeadline<unknown, typeof LATE>(tab.evaluate(expression), HEALTHY_WITHIN_MS, LATE);
    if (answer === LATE) throw new Error(`${name} does not answer`);
    return answer;
  }

  /** The first tab of each user stays. */
  async #closeTab(): Promise<void> {
    const others = this.#tabs.slice(USERS.length);
    if (others.length === 0) return;
    const closing = this.#pick(others);
    await this.#checkView(closing);
    this.#tabs.splice(this.#tabs.indexOf(closing), 1);
    // The answer may never come: the page is gone.
    void closing.tab.debug.command('Page.close').catch(() => undefined);
    await rest(LOOK_EVERY_MS);
  }

  async #reload(reloaded: Tab, isHard: boolean): Promise<void> {
    await this.#checkView(reloaded);
    const { tab } = reloaded;
    await tab.evaluate('globalThis.isOld = true');
    await tab.debug.command('Page.reload', { ignoreCache: isHard });
    const isNew = `globalThis.isOld === undefined && document.readyState === 'complete'`;
    while ((await tab.evaluate(isNew).catch(() => false)) !== true) await rest(LOOK_EVERY_MS);
    await this.#watch(reloaded, false);
  }

  async #view(viewed: Tab): Promise<PageView> {
    return (await this.#ask(viewed, VIEW_EXPRESSION)) as PageView;
  }

  /** What must hold at any time. */
  async #checkView(checked: Tab): Promise<PageView> {
    const view = await this.#view(checked);
    const { ends, missing, inOrder, leaks } = view;
    if (ends.length > 0) throw new Error(`${checked.name} was signed out: ${ends.join('; ')}`);
    if (missing > 0 || !inOrder) throw new Error(`${checked.name} missed ${missing} messages, in order: ${inOrder}`);
    if (leaks.length > 0) throw new Error(`${checked.name} can read a token in ${leaks.join()}`);
    return view;
  }

  /** What must hold soon after each fault. The fault itself ends after `FAULT_MS`. */
  async #expectHealthy(checked: Tab): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const answer = (await this.#ask(checked, askExpression)) as { status: number; sub: string };
      const { session, sub, socket } = await this.#checkView(checked);
      if (answer.status === 200 && answer.sub !== checked.user)
        throw new Error(`${checked.name} was answered as ${answer.sub}`);
      if (sub !== undefined && sub !== checked.user) throw new Error(`${checked.name} shows the user ${sub}`);
      if (answer.status === 200 && session === 'active' && sub === checked.user && socket === 'open') break;
      if (performance.now() - startedAt > HEALTHY_WITHIN_MS)
        throw new Error(`${checked.name} is not back: ${JSON.stringify({ answer, session, sub, socket })}`);
      await rest(LOOK_EVERY_MS);
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
  }

  /** Publishes to both users. A server that restarts refuses some batches. */
  async #flood(): Promise<void> {
    while (!this.#isOver) {
      const order = { topic: FLOOD_TOPIC, count: PER_SECOND / 2, everyMs: 0 };
      const isSent = await this.#site.faults.publish(order).then(
        () => true,
        () => false,
      );
      if (isSent) this.#messages += order.count;
      await rest(500);
    }
  }

  /** Every tab gets the last message of its user, with all before it. */
  async #checkEnd(): Promise<void> {
    try {
      for (const [index] of USERS.entries()) await this.#tabs[index]?.tab.evaluate(END_EXPRESSION);
      for (const each of this.#tabs) {
        const deadline = performance.now() + HEALTHY_WITHIN_MS;
        while (!(await this.#checkView(each)).hasEnd) {
          if (performance.now() > deadline) throw new Error(`${each.name} did not get the last message`);
          await rest(LOOK_EVERY_MS);
        }
      }
    } catch (error) {
      this.#violations.push(`at the end: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #measure(): Promise<number> {
    let bytes = await heldByWorkers(this.#browser.host);
    for (const { tab } of this.#tabs.slice(0, USERS.length)) bytes += await heldMemory(tab.debug);
    return bytes;
  }

  #allowedRequests(): number {
    const signIns = USERS.length;
    return this.#actions.reduce<number>((sum, action) => sum + USERS.length * (GRANTS[action] ?? 0), signIns);
  }
}

export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const site = await startDeployment({
    ...{ accounts: ACCOUNTS, severalSessions: true },
    pages: { [PAGE]: '<!doctype html><title>Chaos</title>' },
  });
  const browser = await startBareBrowser();
  try {
    return await new ChaosRun(site, browser, options).run();
  } finally {
    await browser.close();
    await site.stop();
  }
};
