import { MARK } from '../../protocol/bridge/bridge-constants.ts';
import type { Marked, PageMessage } from '../../protocol/bridge/bridge.ts';
import type { Problem } from '../../protocol/problem.ts';
import { PAGE_TAKEOVER_MS } from '../../protocol/takeover-timing.ts';
import { waitForEvent } from '../util/timers.ts';

/** Installing includes a download, and the precaching of the site whose worker it may be. */
const INSTALL_DEADLINE_MS = 20_000;

const isAtLeast = ({ state }: ServiceWorker, wanted: 'installed' | 'activated'): boolean =>
  state === 'activated' || (wanted === 'installed' && (state === 'installed' || state === 'activating'));

const reaches = async (worker: ServiceWorker, wanted: 'installed' | 'activated', ms: number): Promise<boolean> => {
  const until = performance.now() + ms;
  while (!isAtLeast(worker, wanted)) {
    if (worker.state === 'redundant' || !(await waitForEvent(worker, 'statechange', until - performance.now())))
      return false;
  }
  return true;
};

/**
 * Takes over from an active worker that is no keeper: a former worker of the site, or one of another library. A scope has
 * one worker, and a waiting one leaves the decision to its site. But that worker can serve no session to this page.
 * Resolves with the reason where it stays.
 */
export const replaceFormer = async (
  registration: ServiceWorkerRegistration,
  href: string,
): Promise<Problem | undefined> => {
  const { active, scope } = registration;
  const newest = (): ServiceWorker | null => registration.installing ?? registration.waiting;
  // A newer version of the same script may have the keeper.
  if (!newest() && active?.scriptURL === href) await registration.update().catch(() => undefined);
  const next = newest();
  if (next && (await reaches(next, 'installed', INSTALL_DEADLINE_MS))) {
    next.postMessage({ mark: MARK, type: 'replace-former' } satisfies Marked<PageMessage>);
    if (await reaches(next, 'activated', PAGE_TAKEOVER_MS)) return undefined;
  }
  const detail = `${active?.scriptURL} is the worker of ${scope}, and does not answer as a keeper. A scope has one worker: load the keeper in that script, or stop registering it`;
  return { code: 'no-worker', detail };
};
