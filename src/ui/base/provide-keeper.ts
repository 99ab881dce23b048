import type { Keeper } from '../../page/types/types.ts';
import { KeeperElement } from './keeper-element.ts';
import { isKeeperRequest } from './keeper-request.ts';

export const keeperElements = (root: ParentNode): KeeperElement[] =>
  [...root.querySelectorAll('*')].filter((element) => element instanceof KeeperElement);

/** The provider of each root, so that the next call takes its place. */
const providers = new WeakMap<ParentNode, (event: Event) => void>();

/**
 * Gives the keeper to all elements below `root`: to those that are there, and to each one that is defined or rendered
 * later. It reaches shadow trees, and the elements of another copy of this module.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { provideKeeper } from 'session-keeper/elements';
 * provideKeeper(await connect({ worker: '/sw.js' }), document);
 */
export const provideKeeper = (keeper: Keeper, root: ParentNode): void => {
  const provide = (event: Event): void => {
    if (!isKeeperRequest(event)) return;
    event.stopImmediatePropagation();
    event.callback(keeper);
  };
  const former = providers.get(root);
  if (former) root.removeEventListener('context-request', former);
  providers.set(root, provide);
  root.addEventListener('context-request', provide);
  for (const element of keeperElements(root)) element.keeper = keeper;
};
