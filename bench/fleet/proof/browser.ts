import { startBareBrowser } from '../../../test/support/browser/bare-browser.ts';
import { TOPIC } from '../client.ts';

/** A person's browser, with the product in it. */
export type FleetBrowser = {
  /** What its page saw since it joined. */
  view(): Promise<PageView>;
  /** Whether the backend answers a request of the page with the person's name. */
  isSignedIn(): Promise<boolean>;
  close(): Promise<void>;
};

/** `ids`: each message that came, in their order. `ends`: times that the page was shown the end of the session. */
export type PageView = { ids: string[]; ends: number; gaps: number; outOfOrder: number };

/** The page that the instances serve for it. */
export const PAGE = { file: 'proof.html', text: '<!doctype html><title>proof</title><link rel="icon" href="data:,">' };

const WITHIN_MS = 60_000;
const MARK_EVERY_MS = 300;

/** Resolves when the page has joined the topic. */
const watchExpression = (user: string): string => `(async () => {
  const { connect } = await import('/keeper.js');
  const keeper = await connect({ worker: '/sw.js' });
  const view = { ids: [], ends: 0, gaps: 0, outOfOrder: 0 };
  globalThis.proof = { view, keeper };
  const result = await keeper.signIn({ kind: 'password', username: '${user}', password: '${user}' });
  if (!result.ok) throw new Error('no sign-in: ' + JSON.stringify(result.problem));
  keeper.subscribe(({ session }) => {
    if (session.state === 'signed-out') view.ends += 1;
  });
  const channel = keeper.channel('${TOPIC}');
  const joined = new Promise((resolve) => void (async () => {
    let place = 0;
    for await (const event of channel.events()) {
      if (event.type === 'gap') {
        view.gaps += 1;
        place = event.to;
      } else if (event.type === 'message') {
        view.outOfOrder += place > 0 && event.offset !== place + 1 ? 1 : 0;
        place = event.offset;
        view.ids.push(event.data.id);
        resolve();
      }
    }
  })());
  // The first ones may be stored before the server knows that this page listens.
  const marks = setInterval(() => void channel.publish({ id: crypto.randomUUID(), at: Date.now() }), ${MARK_EVERY_MS});
  await joined;
  clearInterval(marks);
})()`;

const askExpression = `(async () => {
  const response = await proof.keeper.fetch('/api/v1/auth/whoami', { signal: AbortSignal.timeout(${WITHIN_MS}) });
  return (await response.json()).sub ?? null;
})().catch((error) => String(error))`;

/** Opens a browser of its own, signs the person in through the page, and reads the topic. */
export const openBrowser = async (origin: string, user: string): Promise<FleetBrowser> => {
  const browser = await startBareBrowser();
  await browser.goto(`${origin}/${PAGE.file}`);
  await browser.evaluate(watchExpression(user));
  return {
    view: async () => (await browser.evaluate('proof.view')) as PageView,
    isSignedIn: async () => (await browser.evaluate(askExpression)) === user,
    close: () => browser.close(),
  };
};
