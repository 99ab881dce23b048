import { parseSaved } from '../core/record.ts';
import type { Session } from '../core/session-types.ts';
import { isObject, own } from '../protocol/json.ts';
import { putDurably, type Disk } from './database.ts';
import type { Sealer } from './seal.ts';
import type { Clock } from './clock.ts';

/** Sessions that have ended here, and that a server does not know of yet (RFC 7009; it may take until we are online). */
export type Revocations = {
  add(session: Session): Promise<void>;
  /** Asks for all that are left; what fails stays for the next time. */
  run(): Promise<void>;
};

const PREFIX = 'revoke:';
/** A refresh token that nobody could revoke for this long has most likely ended by itself. */
const GIVE_UP_MS = 30 * 86_400_000;

export const createRevocations = (
  disk: Disk,
  sealer: Sealer,
  clock: Clock,
  revoke: (session: Session) => Promise<boolean>,
): Revocations => {
  const memory = new Map<string, Session>();
  let running: Promise<void> | undefined;

  const read = async (key: string): Promise<Session | undefined> => {
    const sealed = await disk.use((db) => db.get('sealed', key));
    const value = sealed && (await sealer.open(sealed, key).catch(() => undefined));
    const saved = isObject(value) ? parseSaved(own(value, 'record')) : undefined;
    return saved?.at === 'session' && clock.now() - saved.session.startedAt < GIVE_UP_MS ? saved.session : undefined;
  };

  const settleOne = async (key: string): Promise<void> => {
    const session = memory.get(key) ?? (await read(key));
    if (session && !(await revoke(session))) return;
    memory.delete(key);
    await disk.use((db) => db.delete('sealed', key));
  };

  const runAll = async (): Promise<void> => {
    const range = IDBKeyRange.bound(PREFIX, `${PREFIX}\uffff`);
    const stored = await disk.use((db) => db.getAllKeys('sealed', range)).catch((): string[] => []);
    for (const key of new Set([...stored, ...memory.keys()])) await settleOne(key).catch(() => undefined);
  };

  const run = (): Promise<void> => (running ??= runAll().finally(() => (running = undefined)));

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
