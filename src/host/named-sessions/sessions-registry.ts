import type { NamedSessions } from '../../core/named-sessions/named-sessions.ts';
import { object, type Infer } from '../../protocol/schema/schema.ts';
import { list, record, withDefault } from '../../protocol/schema/schema-types.ts';
import { SESSION_NAME } from '../../protocol/bridge/session-name.ts';
import { named, type DeploymentName } from '../runtime/deployment-name.ts';
import type { Disk } from '../storage/database.ts';

/** Names only, and nothing secret. Page script can write the row, so each value is read by this schema. */
export const STORED_SESSIONS = object({
  shown: withDefault(SESSION_NAME, ''),
  names: withDefault(list(SESSION_NAME), [] as readonly string[]),
  clients: withDefault(record(SESSION_NAME), {}),
});
export type StoredSessions = Infer<typeof STORED_SESSIONS>;

/** Where the names of an origin's sessions are, and which one its tabs show. */
export type SessionsRegistry = {
  /** Rejects when the disk could not be read. */
  read(): Promise<StoredSessions>;
  /**
   * Writes the documents, adds the names, and with `shown` also the session that is shown. Resolves with whether the disk had
   * something that this state does not have. Rejects when the disk could not be written.
   */
  write(state: NamedSessions, shown: boolean): Promise<boolean>;
  /** Another worker of this deployment has written. */
  onChange(run: () => void): void;
};

const KEY = 'named-sessions';
const CHANNEL = 'session-keeper:sessions';

const EMPTY: StoredSessions = { shown: '', names: [], clients: {} };

const storedIn = (row: unknown): StoredSessions => STORED_SESSIONS.read(row ?? {}) ?? EMPTY;

export const createSessionsRegistry = (disk: Disk, deployment: DeploymentName): SessionsRegistry => {
  const channel =
    typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(named(CHANNEL, deployment));
  return {
    read: async () => storedIn(await disk.use((db) => db.get('plain', KEY))),
    async write(state, isChoice) {
      const isNews = await disk.use(async (db) => {
        // One transaction: while a worker takes over from another one, both write.
        const tx = db.transaction('plain', 'readwrite');
        const row: unknown = await tx.store.get(KEY);
        const stored = storedIn(row);
        const shown = isChoice || row === undefined ? state.shown : stored.shown;
        const names = [...new Set([...state.names, ...stored.names])];
        await tx.store.put({ shown, names, clients: state.clients } satisfies StoredSessions, KEY);
        await tx.done;
        return shown !== state.shown || names.length > state.names.length;
      });
      channel?.postMessage(null);
      return isNews;
    },
    onChange: (run) => channel?.addEventListener('message', run),
  };
};
