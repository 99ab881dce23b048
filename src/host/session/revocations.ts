import { fullJitter } from '../../core/backoff.ts';
import { parseSaved } from '../../core/session/parse-record.ts';
import type { Session } from '../../core/session/session-types.ts';
import { isObject, own } from '../../protocol/json.ts';
import { putDurably, type Disk } from '../storage/database.ts';
import type { RevocationResult } from '../auth/http.ts';
import type { Sealer } from '../storage/encryption.ts';
import type { Clock, Random } from '../runtime/clock.ts';

/** Sessions that have ended here, and that a server does not know of yet (RFC 7009; it may take until we are online). */
export type Revocations = {
  add(session: Session): Promise<void>;
  /** Asks for all that are left; what fails stays for the next time. */
  run(): Promise<void>;
};

const PREFIX = 'revoke:';
/** A refresh token that nobody could revoke for this long has most likely ended by itself. */
const GIVE_UP_MS = 30 * 86_400_000;
/** Soon at first: the word that there is a network comes before there is one. */
const RETRY = { baseMs: 500, capMs: 120_000 };

export const createRevocations = (
  disk: Disk,
  sealer: Sealer,
  clock: Clock,
  random: Random,
  revoke: (session: Session) => Promise<RevocationResult>,
): Revocations => {
  const memory = new Map<string, Session>();
  let running: Promise<void> | undefined;
  let again = false;
  let attempt = 0;
  /** When the server may be asked again (ms since the epoch); it has said so itself. */
  let notBefore = 0;
  let retry: (() => void) | undefined;

  const read = async (key: string): Promise<Session | undefined> => {
    const sealed = await disk.use((db) => db.get('sealed', key));
    const value = sealed && (await sealer.open(sealed, key).catch(() => undefined));
    const saved = isObject(value) ? parseSaved(own(value, 'record')) : undefined;
    return saved?.at === 'session' && clock.now() - saved.session.startedAt < GIVE_UP_MS ? saved.session : undefined;
  };

  const settleOne = async (key: string): Promise<RevocationResult> => {
    const session = memory.get(key) ?? (await read(key));
    const noted = session ? await revoke(session) : true;
    if (noted !== true) return noted;
    memory.delete(key);
    await disk.use((db) => db.delete('sealed', key));
    return true;
  };

  /** How long each of those that are left is to wait (ms). */
  const runAll = async (): Promise<number[]> => {
    const range = IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`);
    const stored = await disk.use((db) => db.getAllKeys('sealed', range)).catch((): string[] => []);
    const keys = new Set([...stored, ...memory.keys()]);
    const settled = await Promise.all([...keys].map((key) => settleOne(key).catch(() => 0)));
    return settled.filter((noted) => noted !== true);
  };

  const loop = async (): Promise<void> => {
    let left: number[];
    do {
      again = false;
      left = await runAll();
    } while (again);
    running = undefined;
    if (left.length === 0) return;
    attempt += 1;
    notBefore = clock.now() + Math.max(...left);
    retry = clock.schedule(notBefore + fullJitter(attempt, RETRY, random()), () => void start());
  };

  /** What comes while one is running may know of a network that the running one did without. */
  const start = (): Promise<void> => {
    retry?.();
    again = true;
    return (running ??= loop());
  };

  /** Somebody has a reason to think that it works now. */
  const run = async (): Promise<void> => {
    attempt = 0;
    if (clock.now() >= notBefore) await start();
  };

  return {
    async add(session) {
      const key = PREFIX + crypto.randomUUID();
      memory.set(key, session);
      const sealed = await sealer.seal({ record: { at: 'session', session } }, key);
      await disk.use((db) => putDurably(db, 'sealed', key, sealed)).catch(() => undefined);
    },
    run,
  };
};
