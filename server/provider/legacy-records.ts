import type { OrderedStore } from '../base/lmdb-store.ts';
import type { Keyring } from '../storage/storage.ts';
import { OIDC_RECORD, recordWrites } from './provider-records.ts';

/** Keys of servers before 0.2. They contain tokens in clear. */
const RECORDS = 'oidc/';
const INDEXES = ['oidc-grant/', 'oidc-uid/', 'oidc-user-code/'];
const KEY = /^oidc\/([^/]+)\/(.+)$/s;
const BATCH = 500;

/** Moves the provider's records of a server before 0.2 to keys without tokens. A crash in between loses none. */
export const moveLegacyRecords = async (store: OrderedStore, indexKeys: Keyring, now: () => number): Promise<void> => {
  for (;;) {
    const rows = await store.list(RECORDS, { limit: BATCH });
    if (rows.length === 0) break;
    const writes = rows.flatMap(({ key, value }) => {
      const [, model, id] = KEY.exec(key) ?? [];
      const record = OIDC_RECORD.read(value);
      const removal = { key, remove: true as const };
      if (model === undefined || id === undefined || !record) return [removal];
      const ttlMs = record.expiresAt === undefined ? undefined : Math.max(1, record.expiresAt - now());
      const { record: moved, indexes, member } = recordWrites({ model, id, indexKeys }, record, ttlMs);
      const inGrant = member && { key: `${member.name}/${member.entry.member}`, value: member.entry.value, ttlMs };
      return [moved, ...indexes, ...(inGrant ? [inGrant] : []), removal];
    });
    await store.update([], () => ({ result: undefined, writes }));
  }
  for (const prefix of INDEXES) await store.deleteAll(prefix);
};
