import { KEEP_ALIVE_PATH, PULSE_SCRIPT } from '../../protocol/bridge/bridge-constants.ts';
import { trustScript } from './trusted-types.ts';
import { sleep } from '../util/timers.ts';

/** Keeps the worker alive while this tab is there. */
export type KeepAlive = {
  /** Takes it, unless it is held. */
  start(): void;
  stop(): void;
  /** The worker died although the lease was held: from now on it is woken by pulses too. */
  workerDied(): void;
};

/** A stream that ends sooner than this (ms) is not worth asking for again at once. */
const SHORT_LIVED_MS = 5_000;

/** Reads a response that never ends, and keeps nothing of it. */
const readOn = async ({ folder, tab, fetch: send }: KeepAliveOptions, signal: AbortSignal): Promise<void> => {
  const response = await send(`${folder}${KEEP_ALIVE_PATH}?tab=${tab}`, { signal, cache: 'no-store' });
  await response.body?.pipeTo(new WritableStream());
};

const hold = async (options: KeepAliveOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const begun = performance.now();
    // without a worker between, the request would go out to the server
    if (options.allowed()) await readOn(options, signal).catch(() => {});
    await sleep(performance.now() - begun < SHORT_LIVED_MS ? SHORT_LIVED_MS : 0, signal);
  }
};

/** A page's own timers go down to one a minute in hidden tabs, a dedicated worker's do not (measured in Chromium 156). */
const startPulse = ({ folder }: KeepAliveOptions, signal: AbortSignal): void => {
  try {
    // TypeScript's library does not know yet that it takes a `TrustedScriptURL`.
    const pulse = new Worker(trustScript(folder + PULSE_SCRIPT) as string);
    signal.addEventListener('abort', () => pulse.terminate());
  } catch {
    // forbidden here: the worker then dies and is woken by need, as without a lease
  }
};

export type KeepAliveOptions = {
  /** Path of the folder of the worker's script. */
  folder: string;
  tab: string;
  /** The page's own, as it was when it connected. */
  fetch: typeof fetch;
  /** Whether a worker controls this page, and gets its requests. */
  allowed(): boolean;
};

/**
 * A silent response stream keeps a Chromium worker alive, without timers, in hidden and in frozen tabs too; Firefox
 * stops the worker after 30 s all the same, and complains in the console when the page that reads it goes (measured).
 * Only Chromium has this interface (https://wicg.github.io/ua-client-hints/#interface).
 */
const firstKeep = (): Keep => ('userAgentData' in navigator ? 'stream' : 'pulse');

type Keep = 'stream' | 'pulse' | 'stream and pulse';

/** The first death under a lease that is a stream adds the pulses. */
export const createKeepAlive = (options: KeepAliveOptions): KeepAlive => {
  let held: AbortController | undefined;
  let keep = firstKeep();
  const stop = () => {
    held?.abort();
    held = undefined;
  };
  return {
    start: () => {
      if (held || !options.allowed()) return;
      held = new AbortController();
      if (keep !== 'pulse') void hold(options, held.signal);
      if (keep !== 'stream') startPulse(options, held.signal);
    },
    stop,
    workerDied: () => {
      if (held && keep === 'stream') keep = 'stream and pulse';
      stop();
    },
  };
};
