import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import type { Session } from '../../src/core/session/session-types.ts';
import { createDisk } from '../../src/host/storage/database.ts';
import type { RevocationResult } from '../../src/host/auth/sign-in-method.ts';
import { createRevocations } from '../../src/host/session/revocations.ts';
import { createSealer } from '../../src/host/storage/encryption.ts';

const SESSION: Session = { kind: 'password', generation: 1, startedAt: 0, tokens: { refresh: 'rt' } };

/** A clock whose time moves when it is told to. */
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
  const asked: Session[] = [];
  const revoke = async (session: Session): Promise<RevocationResult> => {
    asked.push(session);
    return answers.shift() ?? true;
  };
  const sealer = createSealer(disk, name, { id: name, secret: name });
  return { asked, time, revocations: createRevocations({ disk, sealer, clock: time, random: () => 0, revoke }) };
};

describe('a session that ended here and that the server does not know of', () => {
  test('is told again, by itself, until the server has taken note', async () => {
    const { asked, time, revocations } = setUp([0, 0], 'again');
    await revocations.add(SESSION);
    await revocations.run();
    for (let round = 2; round <= 3; round += 1) {
      time.pass(5_000);
      await expect.poll(() => asked.length).toBe(round);
    }
    await revocations.run();
    time.pass(600_000);
    await revocations.run();
    expect(asked.length).toBe(3);
  });

  test('is told by the next worker, when this one dies first [revocation-next-worker]', async () => {
    const first = setUp([0], 'next');
    await first.revocations.add(SESSION);
    await first.revocations.run();
    const second = setUp([], 'next');
    await second.revocations.run();
    expect(second.asked).toMatchObject([{ tokens: { refresh: 'rt' } }]);
  });

  test('is not told again before the time that the server has asked for, whoever thinks that it would work', async () => {
    const { asked, time, revocations } = setUp([60_000], 'later');
    await revocations.add(SESSION);
    await revocations.run();
    time.pass(59_999);
    await revocations.run();
    expect(asked.length).toBe(1);
    time.pass(1_001);
    await expect.poll(() => asked.length).toBe(2);
  });

  test('is asked for once more when the network comes back while it is being asked for', async () => {
    const { asked, revocations } = setUp([0], 'once more');
    await revocations.add(SESSION);
    await Promise.all([revocations.run(), revocations.run()]);
    expect(asked.length).toBe(2);
  });
});
