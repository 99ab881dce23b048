import { deleteAll, type Store } from '../base/store.ts';
import { OIDC_RECORD, recordWrites } from './provider-storage.ts';

/** Keys of servers before 0.2. They contain tokens in clear. */
const RECORDS = 'oidc/';
const INDEXES = ['oidc-grant/', 'oidc-uid/', 'oidc-user-code/'];
const KEY = /^oidc\/([^/]+)\/(.+)$/s;
const BATCH = 500;

/** Moves the provider's records of a server before 0.2 to keys without tokens. A crash in between loses none. */
export const moveLegacyRecords = async (store: Store, indexKey: Buffer, now: () => number): Promise<void> => {
  for (;;) {
    const rows = await store.list(RECORDS, { limit: BATCH });
    if (rows.length === 0) break;
    const writes = rows.flatMap(({ key, value }) => {
      const [, model, id] = KEY.exec(key) ?? [];
      const record = OIDC_RECORD.read(value);
      const removal = { key, remove: true as const };
      if (model === undefined || id === undefined || !record) return [removal];
      const ttlMs = record.expiresAt === undefined ? undefined : Math.max(1, record.expiresAt - now());
      return [...recordWrites({ model, id, indexKey }, record, ttlMs), removal];
    });
    await store.update([], () => ({ result: undefined, writes }));
  }
  for (const prefix of INDEXES) await deleteAll(store, prefix);
};
