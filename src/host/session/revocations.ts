import { fullJitter, REVOCATION_BACKOFF } from '../../protocol/timing/backoff.ts';
import { SESSION_RECORD, serializeRecord } from '../../core/session/session-record.ts';
import type { Session } from '../../core/session/session-types.ts';
import type { Problem } from '../../protocol/problem.ts';
import { object } from '../../protocol/schema/schema.ts';
import { getSealed, putDurably, type Disk } from '../storage/database.ts';
import type { RevocationResult } from '../auth/methods/sign-in-method.ts';
import type { Sealer } from '../storage/encryption.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import { newId } from '../../protocol/ids.ts';

/** Sessions that have ended here and that a server must still revoke (RFC 7009). Kept on the disk while offline. */
export type Revocations = {
  add(session: Session): Promise<void>;
  /** Sends all revocations that are left. A later run repeats those that fail. */
  run(): Promise<void>;
};

export const STORED_REVOCATION = object({ record: SESSION_RECORD });

export type RevocationsOptions = {
  disk: Disk;
  sealer: Sealer;
  clock: Clock;
  random: Random;
  revoke(session: Session): Promise<RevocationResult>;
  /** The server will never end the tokens of this session. */
  onRefused(session: Session, problem: Problem): void;
};

const PREFIX = 'revoke:';
/** After this time a refresh token has most likely ended by itself. */
const GIVE_UP_MS = 30 * 86_400_000;

export const createRevocations = (options: RevocationsOptions): Revocations => {
  const { disk, sealer, clock, random, revoke, onRefused } = options;
  const memory = new Map<string, Session>();
  let running: Promise<void> | undefined;
  let runAgain = false;
  let attempt = 0;
  /** The earliest moment that the server's `Retry-After` allows. */
  let notBefore = 0;
  let cancelRetry: (() => void) | undefined;

  const read = async (key: string): Promise<Session | undefined> => {
    const sealed = await getSealed(disk, key);
    const saved = sealed && STORED_REVOCATION.read(await sealer.open(sealed, key).catch(() => undefined))?.record;
    return saved?.state === 'signed-in' && clock.now() - saved.session.startedAt < GIVE_UP_MS
      ? saved.session
      : undefined;
  };

  /** Returns the wait (ms) before the next request. `undefined`: there will be none. */
  const revokeOne = async (key: string): Promise<number | undefined> => {
    const session = memory.get(key) ?? (await read(key));
    const result = session ? await revoke(session) : true;
    if (typeof result === 'number') return result;
    if (session && result !== true) onRefused(session, result);
    memory.delete(key);
    await disk.use((db) => db.delete('sealed', key));
    return undefined;
  };

  /** Returns the wait (ms) that each remaining revocation needs. */
  const runAll = async (): Promise<number[]> => {
    const range = IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`);
    const stored = await disk.use((db) => db.getAllKeys('sealed', range)).catch((): string[] => []);
    const keys = new Set([...stored, ...memory.keys()]);
    const results = await Promise.all([...keys].map((key) => revokeOne(key).catch(() => 0)));
    return results.filter((result) => result !== undefined);
  };

  const loop = async (): Promise<void> => {
    let left: number[];
    do {
      runAgain = false;
      left = await runAll();
    } while (runAgain);
    running = undefined;
    if (left.length === 0) return;
    attempt += 1;
    notBefore = clock.now() + Math.max(...left);
    cancelRetry = clock.schedule(notBefore + fullJitter(attempt, REVOCATION_BACKOFF, random()), () => void start());
  };

  /** A call during a run starts another one: the network may have come back since the run began. */
  const start = (): Promise<void> => {
    cancelRetry?.();
    runAgain = true;
    return (running ??= loop());
  };

  return {
    async add(session) {
      const key = PREFIX + newId();
      memory.set(key, session);
      const sealed = await sealer.seal({ record: serializeRecord({ state: 'signed-in', session }) }, key);
      await disk.use((db) => putDurably(db, 'sealed', key, sealed)).catch(() => undefined);
    },
    // The caller has a reason to expect success, such as `online`. So the backoff starts again.
    async run() {
      attempt = 0;
      if (clock.now() >= notBefore) await start();
    },
  };
};
