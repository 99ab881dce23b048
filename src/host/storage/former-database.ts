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

/** The first of these former names whose database has a session of this deployment. Changes nothing there. */
export const findFormer = async (
  names: readonly string[],
  { provider, withoutProvider }: Bindings,
  seal: SealSecret | undefined,
): Promise<string | undefined> => {
  for (const name of names) {
    if (!(await exists(named(DATABASE_NAME, { name })))) continue;
    const disk = createDisk(undefined, undefined, { name });
    const sealer = createSealer(disk, provider, seal);
    const record = await createSessionStore(disk, sealer, { withoutProvider: sealer.boundTo(withoutProvider) }).peek();
    await disk.close();
    if (record?.state === 'signed-in') return name;
  }
  return undefined;
};
