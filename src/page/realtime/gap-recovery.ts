import { isProblem, retryAfterOf, type Problem, type Result } from '../../protocol/problem.ts';
import { PAGE_BACKOFF, retryDelay } from '../../protocol/timing/backoff.ts';
import type { Reader } from './channel-reader.ts';
import type { ChannelEvent, Gap, LoadedSnapshot, SnapshotLoader } from '../types/channel-types.ts';

/** What `restored` needs besides its reader. */
export type RecoveryOptions = {
  topic: string;
  load: SnapshotLoader;
  /** Aborts when the reading ends, or the person whose state it is has left. Asked for anew for each gap. */
  until(): AbortSignal;
  /** Waits so many milliseconds, or for less where that is of use. */
  pause(ms: number): Promise<unknown>;
};

/** What a loader throws, as people can be told of it: a Problem, the one behind a failed `keeper.fetch`, or words. */
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

/** Tells of failures until the state is there; returns how much of the topic is in it (0: nobody said). */
async function* stateAfter(
  gap: Gap,
  restoring: RecoveryOptions,
  signal: AbortSignal,
): AsyncGenerator<ChannelEvent, number> {
  const { topic } = restoring;
  const aborted = whenAborted(signal);
  for (let failures = 0; ; failures += 1) {
    const loaded = await Promise.race([tryToLoad(restoring, gap, signal), aborted]);
    // Whoever has left, their state is for nobody else.
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
 * What a reader brings, with the state loaded after each gap. What arrives while it loads waits in the reader; what the
 * state has already, a later gap among it, is left out. A gap of unknown size is of another history: offsets begin anew.
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
