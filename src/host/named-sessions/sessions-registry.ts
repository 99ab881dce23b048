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
  /** Rejects when the disk could not be written. */
  write(state: NamedSessions): Promise<void>;
  /** Another worker of this deployment has written. */
  onChange(run: () => void): void;
};

const KEY = 'named-sessions';
const CHANNEL = 'session-keeper:sessions';

export const createSessionsRegistry = (disk: Disk, deployment: DeploymentName): SessionsRegistry => {
  const channel =
    typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(named(CHANNEL, deployment));
  return {
    read: async () => STORED_SESSIONS.read((await disk.use((db) => db.get('plain', KEY))) ?? {}) ?? EMPTY,
    async write({ shown, names, clients }) {
      await disk.use((db) => db.put('plain', { shown, names, clients } satisfies StoredSessions, KEY));
      channel?.postMessage(null);
    },
    onChange: (run) => channel?.addEventListener('message', run),
  };
};

const EMPTY: StoredSessions = { shown: '', names: [], clients: {} };
