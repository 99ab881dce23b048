import type { SealSecret } from '../../protocol/config.ts';
import { DATABASE_NAME } from './connection.ts';
import { createDisk } from './database.ts';
import { named } from '../runtime/deployment-name.ts';
import { createSealer } from './encryption.ts';
import { createSessionStore } from './session-store.ts';

/** What opens the records: of kinds with a provider, and of the others. */
export type Bindings = { provider: string; withoutProvider: string };

/** Browsers without `indexedDB.databases` (Firefox before 126) open an absent one, and then it is empty. */
const exists = async (database: string): Promise<boolean> =>
  !('databases' in indexedDB) || (await indexedDB.databases()).some(({ name }) => name === database);

/**
 * The first of these former names whose database has a session of this deployment. Changes nothing there. `ours`: the names
 * that this deployment has, or had. A row of another name belongs to another app, whose worker may live (invariant 15).
 */
export const findFormer = async (
  names: readonly string[],
  ours: readonly string[],
  { provider, withoutProvider }: Bindings,
  seal: SealSecret | undefined,
): Promise<string | undefined> => {
  for (const name of names) {
    if (!(await exists(named(DATABASE_NAME, { name })))) continue;
    const disk = createDisk(undefined, undefined, { name });
    const sealer = createSealer(disk, provider, seal);
    const store = createSessionStore(disk, sealer, { withoutProvider: sealer.boundTo(withoutProvider) });
    const row = await store.row();
    const isOurs = row?.deployment === undefined || ours.includes(row.deployment);
    const record = isOurs ? await store.peek() : undefined;
    await disk.close();
    if (record?.state === 'signed-in') return name;
  }
  return undefined;
};
