import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/core/session/session-types.ts';
import type { Problem } from '../../src/protocol/problem.ts';
import { createDisk } from '../../src/host/storage/database.ts';
import type { RevocationResult } from '../../src/host/auth/methods/sign-in-method.ts';
import { createRevocations } from '../../src/host/session/revocations.ts';
import { createSealer } from '../../src/host/storage/encryption.ts';

const SESSION: Session = { kind: 'password', generation: 1, startedAt: 0, tokens: { refresh: 'rt' } };

/** A clock that moves only in `pass`. */
const createTime = () => {
  let now = 0;
  const due = new Map<() => void, number>();
  return {
    now: () => now,
    schedule: (at: number, run: () => void) => {
      due.set(run, at);
      return () => void due.delete(run);
    },
    pass(ms: number) {
      now += ms;
      for (const [run, at] of due) {
        if (at > now) continue;
        due.delete(run);
        run();
      }
    },
  };
};

const setUp = (answers: RevocationResult[], name: string) => {
  const disk = createDisk();
  const time = createTime();
  const revoked: Session[] = [];
  const revoke = async (session: Session): Promise<RevocationResult> => {
    revoked.push(session);
    return answers.shift() ?? true;
  };
  const sealer = createSealer(disk, name, { id: name, secret: name });
  const refused: Problem[] = [];
  const onRefused = (_session: Session, problem: Problem): void => void refused.push(problem);
  const options = { disk, sealer, clock: time, random: () => 0, revoke, onRefused };
  return { revoked, refused, time, revocations: createRevocations(options) };
};

describe('the revocation of a session that ended here', () => {
  test('repeats until the server has confirmed it', async () => {
    const { revoked, time, revocations } = setUp([0, 0], 'again');
    await revocations.add(SESSION);
    await revocations.run();
    for (let round = 2; round <= 3; round += 1) {
      time.pass(5_000);
      await expect.poll(() => revoked.length).toBe(round);
    }
    await revocations.run();
    time.pass(600_000);
    await revocations.run();
    expect(revoked.length).toBe(3);
  });

  test('is sent by the next worker when this one dies first [revocation-next-worker]', async () => {
    const first = setUp([0], 'next');
    await first.revocations.add(SESSION);
    await first.revocations.run();
    const second = setUp([], 'next');
    await second.revocations.run();
    expect(second.revoked).toMatchObject([{ tokens: { refresh: 'rt' } }]);
  });

  test('is not repeated, and reported once, when the server refuses it [revocation-refused-once]', async () => {
    const problem: Problem = { code: 'revocation-refused', at: '/revoke', status: 401, error: 'invalid_client' };
    const { revoked, refused, time, revocations } = setUp([problem], 'refused');
    await revocations.add(SESSION);
    await revocations.run();
    time.pass(600_000);
    await revocations.run();
    expect([revoked.length, refused]).toEqual([1, [problem]]);
  });

  test('waits for `Retry-After`, also when the network comes back', async () => {
    const { revoked, time, revocations } = setUp([60_000], 'later');
    await revocations.add(SESSION);
    await revocations.run();
    time.pass(59_999);
    await revocations.run();
    expect(revoked.length).toBe(1);
    time.pass(1_001);
    await expect.poll(() => revoked.length).toBe(2);
  });

  test('is sent once more when the network comes back during a run', async () => {
    const { revoked, revocations } = setUp([0], 'once more');
    await revocations.add(SESSION);
    await Promise.all([revocations.run(), revocations.run()]);
    expect(revoked.length).toBe(2);
  });
});
