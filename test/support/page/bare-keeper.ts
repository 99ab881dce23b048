import { setTimeout as rest } from 'node:timers/promises';
import type { BareTab } from '../browser/bare-browser.ts';

/** The parts of a tab that these helpers need, in any browser. */
export type Driven = Pick<BareTab, 'goto' | 'evaluate'>;

/* Expressions for a page: they load the library as a site does, and count what its channels bring. */
const CONNECT = `import('/keeper.js').then(async ({ connect }) => { globalThis.keeper = await connect({ worker: '/sw.js' }) })`;
const SIGN_IN = `keeper.signIn({ kind: 'password', username: 'demo', password: 'demo' })`;
const SOCKET = `keeper.snapshot.sockets['/api/socket']?.state`;

/**
 * Counts the messages `{ n }` of a topic and keeps only the last one. `inOrder`: each message came once and in order, and
 * a gap event reported each missing one.
 */
const LISTEN = (topic: string): string => `(() => {
  const received = globalThis.received = { last: 0, messages: 0, missing: 0, inOrder: true, joined: false, gaps: 0, states: 0 };
  let place = 0;
  void (async () => {
    const snapshot = async () => ({ data: 'state' });
    for await (const event of keeper.channel('${topic}', { snapshot }).events()) {
      if (event.type === 'snapshot') { received.states += 1; continue; }
      const [from, to] = event.type === 'gap' ? [event.from, event.to] : [event.offset, event.offset];
      received.inOrder &&= place === 0 || from === place + 1;
      place = to;
      if (event.type === 'gap') { received.missing += to - from + 1; received.gaps += 1; }
      else if (event.data === 'joined') received.joined = true;
      else { received.messages += 1; received.last = event.data.n; }
    }
  })();
})()`;

const WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

/** Polls until `look` returns true. Benchmarks have no `expect.poll`. */
const until = async (look: () => Promise<boolean>, what: string): Promise<void> => {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for: ${what}`);
    await rest(LOOK_EVERY_MS);
  }
};

/** `states`: snapshots that were loaded after gaps. */
export type Received = {
  last: number;
  messages: number;
  missing: number;
  inOrder: boolean;
  gaps: number;
  states: number;
};

/** Connects a keeper in this tab and waits until its socket is open. */
export const connectIn = async (tab: Driven, url: string, session: 'sign in' | 'is there'): Promise<void> => {
  await tab.goto(url);
  await tab.evaluate(CONNECT);
  if (session === 'sign in') await tab.evaluate(SIGN_IN);
  await until(async () => (await tab.evaluate(SOCKET)) === 'open', 'an open socket');
};

/** Counts the messages of the topic in this tab. Resolves when the tab has received its own message. */
export const countIn = async (tab: Driven, topic: string): Promise<void> => {
  await tab.evaluate(LISTEN(topic));
  const echo = `keeper.channel('${topic}').publish('joined').then(() => globalThis.received.joined)`;
  await until(async () => (await tab.evaluate(echo)) === true, 'an echo');
};

export const receivedIn = (tab: Driven): Promise<Received> => tab.evaluate('globalThis.received') as Promise<Received>;

export const tabsOf = (tab: Driven): Promise<unknown> => tab.evaluate('keeper.snapshot.tabs');
