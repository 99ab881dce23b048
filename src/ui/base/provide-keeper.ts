import type { Keeper } from '../../page/types/types.ts';
import { KeeperElement } from './keeper-element.ts';

export const elementsOf = (root: ParentNode): KeeperElement[] =>
  [...root.querySelectorAll('*')].filter((element) => element instanceof KeeperElement);

/** Gives the keeper to every element below `root` that is defined by now. */
export const give = (keeper: Keeper, root: ParentNode): void => {
  for (const element of elementsOf(root)) element.keeper = keeper;
};
