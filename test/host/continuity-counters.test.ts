import { expect, test } from 'vitest';
import { initialMachine } from '../../src/core/session/session.ts';
import type { Session, SessionMachine } from '../../src/core/session/session-types.ts';
import { systemClock } from '../../src/host/runtime/clock.ts';
import { createContinuityCounters } from '../../src/host/session/continuity-counters.ts';
import type { Disk } from '../../src/host/storage/database.ts';

const SESSION: Session = {
  kind: 'password',
  generation: 1,
  startedAt: 1,
  tokens: { access: undefined, refresh: 'rt' },
};
const establishing: SessionMachine = {
  ...initialMachine,
  state: { state: 'establishing', next: SESSION, former: [], call: 1, ids: [], waiting: [] },
};
const active: SessionMachine = { ...initialMachine, state: { state: 'active', session: SESSION } };

test('starts again at zero when a user signs in before the counters of the session before are read', async () => {
  let read = (): void => undefined;
  const former = { since: 1, reloads: 7, workerRestarts: 3, networkLosses: 2, refreshes: 9 };
  const disk: Disk = {
    use: <T>() => new Promise<T>((resolve) => (read = () => resolve(former as T))),
    within: (work) => work,
    close: async () => undefined,
  };
  let changes = 0;
  const counters = createContinuityCounters(disk, systemClock, () => (changes += 1));
  counters.count('reloads');
  counters.load();
  counters.observe(establishing, active);
  counters.count('networkLosses');
  const before = changes;
  read();
  await expect.poll(() => changes).toBeGreaterThan(before);
  expect(counters.kept).toMatchObject({ reloads: 0, workerRestarts: 0, networkLosses: 1, refreshes: 0 });
});
