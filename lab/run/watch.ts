import type { Page } from 'playwright-core';
import { elapse } from '../base/elapse.ts';
import { look, type Shown } from '../site/evidence.ts';
import type { Stage } from './stage.ts';

/** What the first tab showed, and since when. */
export type ShownSpan = { shown: Shown; from: number; to: number; url: string };

export type Watch = {
  readonly spans: readonly ShownSpan[];
  stop(): Promise<void>;
};

const LOOK_EVERY_MS = 250;
const MAX_TEXT = 300;

const WORDS: Readonly<Record<Shown, string>> = {
  'signed-in': 'The page shows a signed-in user',
  'sign-in': 'The page asks to sign in',
  error: 'The page is empty, or shows an error of the browser',
  other: 'The page shows neither a user nor a sign-in',
};

/** Notes console errors and navigations of the page. */
const listen = (stage: Stage, page: Page): void => {
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) stage.note('page', `Opened ${new URL(frame.url()).pathname}`);
  });
  page.on('pageerror', (error) => stage.note('page', `Uncaught: ${error.message.slice(0, MAX_TEXT)}`, 'bad'));
  page.on('crash', () => stage.note('page', 'The tab crashed', 'bad'));
};

/** Looks at the first tab again and again, and notes what changes. */
export const watchPage = (stage: Stage): Watch => {
  const spans: ShownSpan[] = [];
  const end = new AbortController();
  let followed: Page | undefined;
  const see = async (): Promise<void> => {
    const page = stage.browser.page();
    if (followed !== page) {
      followed = page;
      listen(stage, page);
    }
    const shown = await look(page, stage.site);
    if (!stage.isWatched || end.signal.aborted) return;
    const now = Date.now();
    const last = spans.at(-1);
    if (last?.shown === shown) {
      last.to = now;
      return;
    }
    spans.push({ shown, from: now, to: now, url: page.url() });
    stage.note('session', WORDS[shown], shown === 'signed-in' ? 'good' : 'bad');
  };
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      if (stage.isWatched) await see().catch(() => undefined);
      await elapse(LOOK_EVERY_MS);
    }
  };
  const running = loop();
  return {
    spans,
    stop: async () => {
      end.abort();
      await running;
    },
  };
};
