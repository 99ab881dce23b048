import type { Keeper } from '../../page/types/types.ts';
import { KeeperElement } from './keeper-element.ts';

export const keeperElements = (root: ParentNode): KeeperElement[] =>
  [...root.querySelectorAll('*')].filter((element) => element instanceof KeeperElement);

/**
 * Sets `keeper` on every defined element below `root`. Call it again after a module has defined more elements.
 *
 * @example
 * import { connect } from 'session-keeper';
 * import { provideKeeper } from 'session-keeper/elements';
 * provideKeeper(await connect({ worker: '/sw.js' }), document);
 */
export const provideKeeper = (keeper: Keeper, root: ParentNode): void => {
  for (const element of keeperElements(root)) element.keeper = keeper;
};
