import type { InjectedConfig } from '../../src/protocol/config.ts';
import { CONFIG_GLOBAL } from '../../src/protocol/start-config.ts';

type Scope = { [CONFIG_GLOBAL]?: InjectedConfig };

const scope = self as unknown as Scope;

export const readInjectedConfig = (): InjectedConfig | undefined => scope[CONFIG_GLOBAL];

/** Reads the global that the server wrote before this script, and deletes it: no other code in the worker needs the seal. */
export const takeInjectedConfig = (): InjectedConfig => {
  const injected = readInjectedConfig();
  delete scope[CONFIG_GLOBAL];
  if (!injected)
    throw new Error(`self.${CONFIG_GLOBAL} is missing: set it before this script, or use the server kit [no-config]`);
  return injected;
};
