import { PAGES, retryImport, SessionNav, type PageName } from '../ui/index.ts';

/** Loads what the home page shows just after the first paint. It does not wait for the connection. */
export const loadFirstParts = (): Promise<unknown> => import('./first-parts.ts');

/** The other pages load their elements when they are first shown. */
const PARTS: Readonly<Partial<Record<PageName, () => Promise<unknown>>>> = {
  messages: () => import('../ui/conversation/session-messages.ts'),
  timeline: () => import('../ui/elements/session-timeline.ts'),
  lab: () => import('../ui/lab/session-lab.ts'),
  tryIt: () => import('../ui/elements/session-demo.ts'),
  settings: () => import('../ui/settings/session-settings.ts'),
  missing: () => import('../ui/settings/session-missing.ts'),
};

/** The paths of this document: the server answers other ones with it too. `/auth/callback` is left at once. */
const PATHS: readonly string[] = ['/', '/index.html', '/auth/callback'];

/** The page that the address names: `/` and `/#home`, `/#messages`, and so on. */
export const pageOf = ({ pathname, hash }: Pick<Location, 'pathname' | 'hash'>): PageName => {
  if (!PATHS.includes(pathname)) return 'missing';
  return hash === '' || hash === '#' ? 'home' : (PAGES.find((page) => `#${page}` === hash) ?? 'missing');
};

/**
 * Shows the page that the address names. `loaded` runs once its elements are defined and need their keeper. `navigated`:
 * the user asked for this page, so focus and scroll position follow.
 */
export const showPage = async (
  root: Document,
  address: Location,
  loaded: () => void,
  navigated: boolean,
): Promise<void> => {
  const wanted = pageOf(address);
  for (const page of PAGES) root.getElementById(page)?.toggleAttribute('hidden', page !== wanted);
  for (const nav of root.querySelectorAll('session-nav')) if (nav instanceof SessionNav) nav.current = wanted;
  if (navigated) root.defaultView?.scrollTo(0, 0);
  const part = PARTS[wanted];
  if (part) await retryImport(part);
  loaded();
  if (navigated) root.getElementById(wanted)?.focus({ preventScroll: true });
};

/** Each loads the elements of one page. */
export const OTHER_PAGES: readonly (() => Promise<unknown>)[] = Object.values(PARTS);
