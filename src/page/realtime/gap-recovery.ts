import { isProblem, retryAfterOf, type Problem, type Result } from '../../protocol/problem.ts';
import { PAGE_BACKOFF, retryDelay } from '../../protocol/timing/backoff.ts';
import type { Reader } from './channel-reader.ts';
import type { ChannelEvent, Gap, LoadedSnapshot, SnapshotLoader } from '../types/channel-types.ts';

/** The options of `withSnapshots` beside its reader. */
export type RecoveryOptions = {
  topic: string;
  load: SnapshotLoader;
  /** A signal for one gap. It aborts when the reading ends or when the user changes. */
  until(): AbortSignal;
  /** Waits this many milliseconds, or less where a retry may work sooner. */
  pause(ms: number): Promise<unknown>;
};

/** The problem behind an error of a loader: itself, its cause (as in a failed `keeper.fetch`), or its text. */
const problemOf = (error: unknown, topic: string): Problem => {
  if (isProblem(error)) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  return isProblem(cause) ? cause : { code: 'unexpected-answer', at: topic, status: 0, detail: String(error) };
};

const whenAborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const tryToLoad = async (
  { load, topic }: RecoveryOptions,
  gap: Gap,
  signal: AbortSignal,
): Promise<Result<LoadedSnapshot>> => {
  try {
    return { ok: true, value: await load(gap, signal) };
  } catch (error) {
    return { ok: false, problem: problemOf(error, topic) };
  }
};

/** Yields failures until the state is loaded. Returns the last offset that the state contains, or 0 if unknown. */
async function* stateAfter(
  gap: Gap,
  restoring: RecoveryOptions,
  signal: AbortSignal,
): AsyncGenerator<ChannelEvent, number> {
  const { topic } = restoring;
  const aborted = whenAborted(signal);
  for (let failures = 0; ; failures += 1) {
    const loaded = await Promise.race([tryToLoad(restoring, gap, signal), aborted]);
    // The user has changed: the next user must not get this state.
    if (!loaded || signal.aborted) return 0;
    if (loaded.ok) {
      yield { type: 'snapshot', topic, data: loaded.value.data };
      return loaded.value.offset ?? 0;
    }
    const { problem } = loaded;
    const retryInMs = retryDelay(failures, PAGE_BACKOFF, Math.random(), retryAfterOf(problem));
    yield { type: 'snapshot-failed', topic, problem, retryInMs };
    await Promise.race([restoring.pause(retryInMs), aborted]);
  }
}

/**
 * The events of a reader, with the state loaded after each gap. Events that arrive meanwhile wait in the reader. Events
 * and gaps that the state contains are left out. After a gap of unknown size a new history starts, with new offsets.
 */
export async function* withSnapshots(
  reader: Reader,
  restoring: RecoveryOptions,
): AsyncGenerator<ChannelEvent, undefined> {
  let covered = 0;
  let signal: AbortSignal | undefined;
  for await (const event of reader) {
    const last = event.type === 'gap' ? event.to : event.offset;
    if (last !== 0 && last <= covered && !signal?.aborted) continue;
    yield event;
    if (event.type !== 'gap') continue;
    signal = restoring.until();
    covered = yield* stateAfter(event, restoring, signal);
  }
  return undefined;
}
