import type { Keeper } from '../page/types/types.ts';

/** What a production build gets in place of index.ts: nothing. */
export const mountDevtools =
  (_keeper: Keeper): (() => void) =>
  () =>
    undefined;
