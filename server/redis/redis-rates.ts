import { digest } from '../base/crypto.ts';
import type { Rates } from '../storage/storage.ts';
import type { Engine } from './engine/engine.ts';
import type { Keys } from './engine/keys.ts';
import { ADMIT, TAKE } from './engine/scripts.ts';

/** By the engine's own clock, so that the clocks of the instances do not matter. */
export const createRedisRates = (engine: Engine, keys: Keys): Rates => {
  // A client chooses parts of the name.
  const bucketKey = (bucket: string): string => keys.of(`rate/${digest(bucket)}`);
  return {
    async take(bucket, { burst, refillMs }) {
      return Number(await engine.script(TAKE, [bucketKey(bucket)], [String(burst), String(refillMs), '1']));
    },
    async giveBack(bucket, { burst, refillMs }) {
      await engine.script(TAKE, [bucketKey(bucket)], [String(burst), String(refillMs), '-1']);
    },
    async admit(client, { unitMs, burstMs, earlyMs, keepMs }) {
      const names = [keys.log('pace', 'next'), keys.log('pace', `slot:${digest(client)}`)];
      return Number(await engine.script(ADMIT, names, [unitMs, burstMs, earlyMs, keepMs].map(String)));
    },
  };
};
