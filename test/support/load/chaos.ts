import { setTimeout as rest } from 'node:timers/promises';
import { seededChance, type Chance } from '../../../lab/base/chance.ts';
import { DEFAULT_CLIENT_ID, keeperConfig } from '../../../server/worker/keeper-config.ts';
import type { KeeperConfig } from '../../../src/protocol/config.ts';
import { withDeadline } from '../../../src/protocol/timing/timer.ts';
import { startBareBrowser, type BareBrowser, type BareTab } from '../browser/bare-browser.ts';
import { heldByWorkers, heldMemory } from '../browser/held-memory.ts';
import { startDeployment, type Deployment } from '../server/deployment.ts';
import { keeperScript } from '../sites/embedding-site.ts';
import {
  askExpression,
  END_EXPRESSION,
  FLOOD_TOPIC,
  VIEW_EXPRESSION,
  watchExpression,
  type PageView,
  type Seat,
} from './chaos-page.ts';

/*
 * Two apps on one origin, each with a worker of its own, in several tabs: one with two users and their sessions, and one with
 * a third user. Random faults happen one after the other, while messages arrive. A model knows what must hold:
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
  'the storage is full': 1,
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

/** A document without the app, which reloads itself for a new version. */
const PAGE = '/chaos.html';
const APP = { page: PAGE, worker: '/sw.js' };
const SECOND_APP = { page: `/second${PAGE}`, worker: '/second/keeper-sw.js' };
const SEATS: readonly Seat[] = [
  { user: 'demo', session: 'demo', ...APP },
  { user: 'work', session: 'work', ...APP },
  { user: 'shop', ...SECOND_APP },
];
const PER_SECOND = 20;
const MAX_TABS = 7;
const FAULT_MS = 2_000;
const HOUR_MS = 3_600_000;
/** Backoff, a waiting worker, and a socket that froze all end within this time. */
const HEALTHY_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;
const MAX_PAUSE_MS = 1_000;
const MEASURE_EVERY = 10;
/** In bytes. With 0, Chromium sets no limit. */
const FULL = 1;
/** While a database is open, Chromium caches the free space for half a minute. */
const RENEW_EVERY_MS = 5_000;

const LATE = Symbol('late');

type Tab = { tab: BareTab; seat: Seat; name: string };

export type ChaosResult = {
  seed: number;
  ms: number;
  actions: readonly Action[];
  /** What broke the model. Empty for a good run. */
  violations: readonly string[];
  messages: number;
  tokenRequests: number;
  allowedTokenRequests: number;
  /** Bytes that the first tab of each user and the workers hold after a garbage collection, from time to time. */
  held: readonly number[];
  slowestRecoveryMs: number;
  /** How often a page could send no request until its reload, and the library said so. */
  dueReloads: number;
};

export type ChaosOptions = { seconds: number; seed: number; report?(line: string): void };

/** Bearer tokens and a password login: the embedded provider's callback belongs to the first app. */
const { signIn, ...REST } = keeperConfig({ issuer: '', clientId: DEFAULT_CLIENT_ID, scope: '', embedded: true });
const SECOND_CONFIG: KeeperConfig = { ...REST, signIn: { password: signIn.password } };

const ACCOUNTS = SEATS.map(({ user: username }) => ({
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
  /** Rounds in which every session renewed its tokens while the storage was full. */
  #fullRounds = 0;
  /** Of servers that have ended. */
  #formerRequests = 0;
  /** Reloads of pages whose requests Chromium sends past their worker (docs/explanation/worker-updates.md). */
  #dueReloads = 0;
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
    for (const seat of SEATS) await this.#openTab(seat, true);
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
    const deployments = this.#actions.filter((action) => action === 'a new version is deployed').length;
    if (this.#dueReloads > SEATS.length * deployments)
      this.#violations.push(`${this.#dueReloads} pages needed a reload, after ${deployments} deployments`);
    return {
      ...{ seed, ms: performance.now() - startedAt, actions: this.#actions, violations: this.#violations },
      ...{ messages: this.#messages, tokenRequests, allowedTokenRequests, held: this.#held },
      ...{ slowestRecoveryMs: this.#slowestMs, dueReloads: this.#dueReloads },
    };
  }

  async #turn(): Promise<void> {
    const action = draw(this.#chance);
    this.#actions.push(action);
    const what = `${this.#actions.length}, ${action}`;
    try {
      await this.#perform(action);
      for (const seat of SEATS) await this.#expectHealthy(this.#pick(this.#tabs.filter((each) => each.seat === seat)));
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
        if (this.#tabs.length < MAX_TABS) await this.#openTab(this.#pick(SEATS), false);
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
        for (const { tab } of this.#residents())
          await tab.evaluate('void navigator.serviceWorker.ready.then((registration) => registration.update())');
        return;
      case 'the storage is full':
        return this.#fillStorage();
    }
  }

  /** The first tab of each seat. It stays open. */
  #residents(): readonly Tab[] {
    return this.#tabs.slice(0, SEATS.length);
  }

  /** Until no session can be saved, and then until each one is saved again: a kill between the two would end a session. */
  async #fillStorage(): Promise<void> {
    const setQuota = (quota: { quotaSize?: number }): Promise<unknown> =>
      this.#browser.debug.command('Storage.overrideQuotaForOrigin', { origin: this.#site.origin, ...quota });
    await setQuota({ quotaSize: FULL });
    try {
      const until = performance.now() + HEALTHY_WITHIN_MS;
      while (!(await this.#areAll('memory'))) {
        if (performance.now() > until) throw new Error('sessions are still saved on a full storage');
        this.#fullRounds += 1;
        await this.#site.faults.expireTokens();
        for (const each of this.#residents()) await this.#expectHealthy(each);
        await rest(RENEW_EVERY_MS);
      }
    } finally {
      await setQuota({});
    }
    const until = performance.now() + HEALTHY_WITHIN_MS;
    while (!(await this.#areAll('disk'))) {
      if (performance.now() > until) throw new Error('a session is not saved although there is space again');
      await rest(LOOK_EVERY_MS);
    }
  }

  async #areAll(durability: string): Promise<boolean> {
    const views = await Promise.all(this.#residents().map((each) => this.#checkView(each)));
    return views.every((view) => view.durability === durability);
  }

  async #openTab(seat: Seat, isNew: boolean): Promise<void> {
    const isFirst = this.#tabs.length === 0;
    const tab = isFirst ? this.#browser : await this.#browser.openWindow();
    this.#opened += 1;
    const opened: Tab = { tab, seat, name: `tab ${this.#opened} of ${seat.user}` };
    await tab.goto(this.#site.origin + seat.page);
    await this.#watch(opened, isNew);
    this.#tabs.push(opened);
  }

  #watch(watched: Tab, isNew: boolean): Promise<unknown> {
    return this.#ask(watched, watchExpression(watched.seat, isNew));
  }

  /** Rejects when the page does not answer: a run must end. */
  async #ask({ tab, name }: Tab, expression: string): Promise<unknown> {
    const answer = await withDeadline<unknown, typeof LATE>(tab.evaluate(expression), HEALTHY_WITHIN_MS, LATE);
    if (answer === LATE) throw new Error(`${name} does not answer`);
    return answer;
  }

  async #closeTab(): Promise<void> {
    const others = this.#tabs.slice(SEATS.length);
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
    const { user } = checked.seat;
    for (;;) {
      const answer = (await this.#ask(checked, askExpression)) as { status: number; sub: string };
      const { session, sub, socket, reloadIsDue } = await this.#checkView(checked);
      if (answer.status === 200 && answer.sub !== user)
        throw new Error(`${checked.name} was answered as ${answer.sub}`);
      if (sub !== undefined && sub !== user) throw new Error(`${checked.name} shows the user ${sub}`);
      if (answer.status === 200 && session === 'active' && sub === user && socket === 'open') break;
      // As an app does. The request has waited for a worker in vain.
      if (answer.status === 0 && reloadIsDue) {
        this.#dueReloads += 1;
        await this.#reload(checked, false);
      }
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
      for (const { tab } of this.#residents()) await tab.evaluate(END_EXPRESSION);
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
    for (const { tab } of this.#residents()) bytes += await heldMemory(tab.debug);
    return bytes;
  }

  #allowedRequests(): number {
    const rounds = this.#actions.reduce<number>((sum, action) => sum + (GRANTS[action] ?? 0), this.#fullRounds);
    const signIns = SEATS.length;
    return signIns + SEATS.length * rounds;
  }
}

export const runChaos = async (options: ChaosOptions): Promise<ChaosResult> => {
  const document = '<!doctype html><title>Chaos</title>';
  const site = await startDeployment({
    ...{ accounts: ACCOUNTS, severalSessions: true },
    pages: { [APP.page]: document, [SECOND_APP.page]: document },
    workers: { [SECOND_APP.worker]: await keeperScript(SECOND_CONFIG) },
  });
  const browser = await startBareBrowser();
  try {
    return await new ChaosRun(site, browser, options).run();
  } finally {
    await browser.close();
    await site.stop();
  }
};
