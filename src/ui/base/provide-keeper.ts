import type { Keeper } from '../../page/types/types.ts';
import { KeeperElement } from './keeper-element.ts';

export const keeperElements = (root: ParentNode): KeeperElement[] =>
  [...root.querySelectorAll('*')].filter((element) => element instanceof KeeperElement);

/** Gives the keeper to every element below `root` that is defined by now. */
export const provideKeeper = (keeper: Keeper, root: ParentNode): void => {
  for (const element of keeperElements(root)) element.keeper = keeper;
};
