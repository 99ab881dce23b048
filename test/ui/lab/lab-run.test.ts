import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SignedOutReason } from '../../../src/protocol/snapshot.ts';
import { LabRun } from '../../../src/ui/lab/lab-run.ts';
import { verdictOf } from '../../../src/ui/lab/lab-state.ts';
import { ScriptedKeeper } from '../scripted-keeper.ts';
import { scenes } from '../scenes.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;

const snapshot = scenes['active']?.(NOW).snapshot;
if (!snapshot) throw new RangeError('active');

const keeperOf = (): ScriptedKeeper => new ScriptedKeeper(snapshot, { journal: [], updateReady: false });

const runs: LabRun[] = [];
const start = (keeper = keeperOf()): LabRun => {
  const run = LabRun.start(keeper, () => undefined, false);
  runs.push(run);
  return run;
};

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => {
  for (const run of runs.splice(0)) run.close();
  vi.useRealTimers();
});

describe('a run of the resilience page', () => {
  it('counts what was asked and what arrived, and holds once the fault is over', async () => {
    const run = start();
    await vi.advanceTimersByTimeAsync(2_000);
    await run.cause('drop');
    await vi.advanceTimersByTimeAsync(2_000);
    run.stop();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(run.state).toMatchObject({ phase: 'done', refused: 0, doubled: 0, signOuts: 0 });
    expect(run.state.seen).toEqual(run.state.sent);
    expect(run.state.answered).toBeGreaterThan(5);
    expect(verdictOf(run.state).type).toBe('held');
  });

  it('counts one sign-out once, however many snapshots show it', () => {
    const run = start();
    const show = (reason: SignedOutReason | undefined): void => run.noteSession(reason !== undefined);
    for (const reason of [undefined, 'rejected', 'rejected', undefined, 'expired'] as const) show(reason);
    expect(run.state.signOuts).toBe(2);
  });

  it('counts a sign-out while it waits for the last answers', () => {
    const run = start();
    run.stop();
    run.noteSession(true);
    expect(run.state.signOuts).toBe(1);
  });

  it('ends by itself some minutes after the last fault', async () => {
    const keeper = keeperOf();
    const run = start(keeper);
    await run.cause('drop');
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
    expect(run.state.phase).toBe('done');
    const asked = keeper.calls.length;
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(keeper.calls).toHaveLength(asked);
  });

  it('names the lever that did not work, and counts no fault', async () => {
    const keeper = keeperOf();
    keeper.fetch = () => Promise.resolve(new Response(null, { status: 404 }));
    const run = start(keeper);
    await run.cause('expire');
    expect(run.trouble).toEqual({ name: 'expire', reason: '/lab/tokens/expire: HTTP 404' });
    expect(run.state.faults).toEqual([]);
  });

  it('changes nothing after it was closed', async () => {
    const run = start();
    await vi.advanceTimersByTimeAsync(1_000);
    const { state } = run;
    run.close();
    run.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(run.state).toBe(state);
  });
});
