import type { Keeper } from '../page/types/types.ts';

/**
 * Shows a floating panel for development: the session, the tabs, the sockets, the timeline, the errors of the page, and
 * faults that the page itself can cause. Returns the function that removes it.
 *
 * The package gives this module to bundlers in development only (the condition `development` of its exports). In a
 * production build the same call does nothing, and the panel is no part of the build.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { mountDevtools } from 'session-keeper/devtools';
 * mountDevtools(await connect({ worker: '/sw.js' }));
 */
export const mountDevtools = (keeper: Keeper): (() => void) => {
  if (typeof document === 'undefined') return () => undefined;
  const unmounted = new AbortController();
  void import('./session-devtools.ts').then(({ showPanel }) => showPanel(keeper, unmounted.signal));
  return () => unmounted.abort();
};
