import { noteOnce } from '../../src/host/runtime/developer-note.ts';
import type { KeeperConfig } from '../../src/protocol/config.ts';
import { START_CONFIG } from '../../src/protocol/start-config.ts';
import { misfitOf } from '../../src/protocol/schema/misfit.ts';

/**
 * The configuration with its defaults. Throws a sentence that names the field that does not fit. A page learns of an error
 * in a worker's first run only that there was one, so the console of the worker says it too.
 */
export const completeConfig = (value: unknown): KeeperConfig => {
  const config = START_CONFIG.read(value);
  if (!config) {
    const misfit = misfitOf(START_CONFIG, value, 'config') ?? 'config';
    noteOnce('config-misfit', misfit);
    throw new TypeError(`session-keeper: ${misfit} [config-misfit]`);
  }
  return config;
};
