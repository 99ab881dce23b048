import { CONFIG_GLOBAL, type InjectedConfig } from '../src/protocol/config.ts';

type Scope = { [CONFIG_GLOBAL]?: InjectedConfig };

/** What the server put before this script. Taken away at once: nothing else in this worker needs to see a seal. */
export const takeInjectedConfig = (): InjectedConfig => {
  const scope = self as unknown as Scope;
  const baked = scope[CONFIG_GLOBAL];
  delete scope[CONFIG_GLOBAL];
  if (!baked)
    throw new Error(
      `self.${CONFIG_GLOBAL} is missing: serve this script through the server kit, or set it before importing it`,
    );
  return baked;
};
