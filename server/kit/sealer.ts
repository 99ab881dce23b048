import { digest } from '../base/crypto.ts';
import type { InstallKey } from '../storage/storage.ts';
import { createWorkerSecrets, type WorkerSecrets } from '../worker/worker-secret.ts';

/** Derives one secret for each installation of the app. Pass it to `sealedWorker`. */
export type WorkerSealer = WorkerSecrets;

export type SealerOptions = {
  /**
   * Random texts of at least 32 characters, the newest first. Keep the former one or two: a worker opens its session with
   * them, and seals it again with the newest. An absent former key is left out.
   */
  keys: readonly (string | undefined)[];
};

const MIN_LENGTH = 32;
const ID_LENGTH = 6;
const HOW = 'Make one with `openssl rand -base64 32`, and keep it outside of the code.';

const keyFrom = (text: string, at: number): InstallKey => {
  if (text.length < MIN_LENGTH)
    throw new TypeError(
      `createSealer: keys[${at}] has ${text.length} characters, and needs at least ${MIN_LENGTH}. ${HOW}`,
    );
  return { id: digest(`id ${text}`).slice(0, ID_LENGTH), key: Buffer.from(text) };
};

/**
 * Makes the sealer of the tier `sealed` (docs/explanation/threat-model.md). All servers of one site need the same keys.
 * Throws a `TypeError` when the newest key is missing or short.
 *
 * @example
 * import { createSealer } from 'session-keeper/server';
 * const sealer = createSealer({ keys: [process.env['SEAL_KEY'], process.env['FORMER_SEAL_KEY']] });
 */
export const createSealer = ({ keys }: SealerOptions): WorkerSealer => {
  if (!keys[0]) throw new TypeError(`createSealer: keys[0] is missing. ${HOW}`);
  const installKeys = keys.flatMap((key, at) => (key ? [keyFrom(key, at)] : []));
  return createWorkerSecrets(() => installKeys);
};
