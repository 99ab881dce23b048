import { BAKED_GLOBAL, type Baked } from '../src/protocol/config.ts';

type Scope = { [BAKED_GLOBAL]?: Baked };

/** What the server put before this script. Taken away at once: nothing else in this worker needs to see a seal. */
export const takeBaked = (): Baked => {
  const scope = self as unknown as Scope;
  const baked = scope[BAKED_GLOBAL];
  delete scope[BAKED_GLOBAL];
  if (!baked)
    throw new Error(
      `self.${BAKED_GLOBAL} is missing: serve this script through the server kit, or set it before importing it`,
    );
  return baked;
};
