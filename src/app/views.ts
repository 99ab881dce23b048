import { PAGES, retryImport, SessionNav, type PageName } from '../ui/index.ts';

/**
 * Loads the parts that the home page shows just after the first paint. These are the facts of a signed-in user, or the
 * form of a signed-out one. It does not wait for the connection, so all of it arrives in one round of requests.
 */
export const loadFirstParts = (): Promise<unknown> =>
  Promise.all([
    import('../ui/elements/session-facts.ts'),
    import('../ui/elements/session-sockets.ts'),
    import('../ui/elements/session-sign-in.ts'),
    import('../ui/elements/session-why.ts'),
  ]);

/** The other pages load their elements when they are first shown. */
const PARTS: Readonly<Partial<Record<PageName, () => Promise<unknown>>>> = {
  messages: () => import('../ui/conversation/session-messages.ts'),
  timeline: () => import('../ui/elements/session-timeline.ts'),
  tryIt: () => import('../ui/elements/session-demo.ts'),
};

const pageOf = (hash: string): PageName => PAGES.find((page) => `#${page}` === hash) ?? 'home';

/**
 * Shows the page that the address names (`/#messages`). `loaded` runs once its elements are defined and need their
 * keeper. `navigated`: the user asked for this page, so focus and scroll position follow.
 */
export const showPage = async (root: Document, hash: string, loaded: () => void, navigated: boolean): Promise<void> => {
  const wanted = pageOf(hash);
  for (const page of PAGES) root.getElementById(page)?.toggleAttribute('hidden', page !== wanted);
  for (const nav of root.querySelectorAll('session-nav')) if (nav instanceof SessionNav) nav.current = wanted;
  if (navigated) root.defaultView?.scrollTo(0, 0);
  const part = PARTS[wanted];
  if (part) await retryImport(part);
  loaded();
  if (navigated) root.getElementById(wanted)?.focus({ preventScroll: true });
};

/** Loads the other pages, so that they open at once and without a network. */
export const loadAllParts = (): Promise<unknown> => Promise.all(Object.values(PARTS).map((load) => retryImport(load)));
