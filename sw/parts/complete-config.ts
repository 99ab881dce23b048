import type { KeeperConfig } from '../../src/protocol/config.ts';
import { START_CONFIG } from '../../src/protocol/start-config.ts';
import { misfitOf } from '../../src/protocol/schema/misfit.ts';

/** The configuration with its defaults. Throws a sentence that names the field that does not fit. */
export const completeConfig = (value: unknown): KeeperConfig => {
  const config = START_CONFIG.read(value);
  if (!config)
    throw new TypeError(`session-keeper: ${misfitOf(START_CONFIG, value, 'config') ?? 'config'} [config-misfit]`);
  return config;
};
