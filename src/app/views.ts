import { PAGES, SessionNav, retryImport, type PageName } from '../ui/index.ts';

/** Home is there at once; what the others need is loaded when they are first shown. */
const PARTS: Readonly<Partial<Record<PageName, () => Promise<unknown>>>> = {
  messages: () => import('../ui/messages/session-messages.ts'),
  timeline: () => import('../ui/elements/session-timeline.ts'),
  tryIt: () => import('../ui/elements/session-demo.ts'),
};

const pageOf = (hash: string): PageName => PAGES.find((page) => `#${page}` === hash) ?? 'home';

/**
 * Shows the page that the address names (`/#messages`). `ready` is called when a part of it has been loaded: its
 * elements want their keeper. Focus follows only a person who asked for another page.
 */
export const showPage = async (root: Document, hash: string, ready: () => void, moved: boolean): Promise<void> => {
  const wanted = pageOf(hash);
  for (const page of PAGES) root.getElementById(page)?.toggleAttribute('hidden', page !== wanted);
  for (const nav of root.querySelectorAll('session-nav')) if (nav instanceof SessionNav) nav.current = wanted;
  if (moved) root.defaultView?.scrollTo(0, 0);
  const part = PARTS[wanted];
  if (part) await retryImport(part);
  ready();
  if (moved) root.getElementById(wanted)?.focus({ preventScroll: true });
};

/** Everything that may be wanted next, so that it is there without a network and without a wait. */
export const loadAllParts = (): Promise<unknown> => Promise.all(Object.values(PARTS).map((load) => retryImport(load)));
