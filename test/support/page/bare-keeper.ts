import { setTimeout as rest } from 'node:timers/promises';
import type { BareTab } from '../browser/bare-browser.ts';

/** What is needed of a tab, in whatever browser. */
export type Driven = Pick<BareTab, 'goto' | 'evaluate'>;

/** What is said to a page by expressions: the library as a site would load it, and what its channels bring. */
const CONNECT = `import('/keeper.js').then(async ({ connect }) => { globalThis.keeper = await connect({ worker: '/sw.js' }) })`;
const SIGN_IN = `keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })`;
const SOCKET = `keeper.snapshot.sockets['/api/socket']?.state`;

/**
 * Counts what a topic brings of `{ n }` from 1, as it comes, and keeps nothing else. `inOrder`: each once, in order,
 * and whatever is not there was told as a gap.
 */
const LISTEN = (topic: string): string => `(() => {
  const heard = globalThis.heard = { last: 0, told: 0, missing: 0, inOrder: true, joined: false, gaps: 0, states: 0 };
  let place = 0;
  void (async () => {
    const snapshot = async () => ({ data: 'state' });
    for await (const event of keeper.channel('${topic}', { snapshot }).events()) {
      if (event.type === 'snapshot') { heard.states += 1; continue; }
      const [from, to] = event.type === 'gap' ? [event.from, event.to] : [event.offset, event.offset];
      heard.inOrder &&= place === 0 || from === place + 1;
      place = to;
      if (event.type === 'gap') { heard.missing += to - from + 1; heard.gaps += 1; }
      else if (event.data === 'joined') heard.joined = true;
      else { heard.told += 1; heard.last = event.data.n; }
    }
  })();
})()`;

const WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Looks until it is so; a runner's `expect.poll` is not there for those who measure. */
const until = async (look: () => Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await rest(LOOK_EVERY_MS);
  }
};

/** `states`: snapshots that were loaded after gaps. */
export type Heard = { last: number; told: number; missing: number; inOrder: boolean; gaps: number; states: number };

/** Connects a keeper in this tab and waits until its socket is open. */
export const connectIn = async (tab: Driven, url: string, session: 'sign in' | 'is there'): Promise<void> => {
  await tab.goto(url);
  await tab.evaluate(CONNECT);
  if (session === 'sign in') await tab.evaluate(SIGN_IN);
  await until(async () => (await tab.evaluate(SOCKET)) === 'open', 'an open socket');
};

/** Counts what the topic brings to this tab. Resolves when the tab has heard itself through the server. */
export const countIn = async (tab: Driven, topic: string): Promise<void> => {
  await tab.evaluate(LISTEN(topic));
  const echo = `keeper.channel('${topic}').publish('joined').then(() => globalThis.heard.joined)`;
  await until(async () => (await tab.evaluate(echo)) === true, 'an echo');
};

export const heardIn = (tab: Driven): Promise<Heard> => tab.evaluate('globalThis.heard') as Promise<Heard>;

export const tabsOf = (tab: Driven): Promise<unknown> => tab.evaluate('keeper.snapshot.tabs');
