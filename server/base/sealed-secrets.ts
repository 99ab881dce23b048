import { seal, isSealed, unseal } from './sealing.ts';
import type { OrderedStore } from './lmdb-store.ts';
import type { Entry, Write } from './store.ts';

const PREFIX = 'secret/';

/**
 * A store that seals the server's own secrets with a key from outside. Where the underlying store goes, such as into a
 * backup, they are of no use. Reads the secrets of servers before 0.2 too, which are not sealed.
 */
export const sealSecrets = (store: OrderedStore, key: Buffer): OrderedStore => {
  const open = (name: string, value: unknown): unknown => {
    if (!name.startsWith(PREFIX) || typeof value !== 'string' || !isSealed(value)) return value;
    const text = unseal(key, name, value);
    // A missing secret would be created, and a new one would open nothing that the old one protects.
    if (text === undefined) throw new Error(`The stored ${name} cannot be opened with the key of this folder.`);
    return text;
  };
  const close = (name: string, value: unknown): unknown =>
    name.startsWith(PREFIX) && typeof value === 'string' ? seal(key, name, value) : value;
  const closeWrite = (write: Write): Write =>
    'remove' in write ? write : { ...write, value: close(write.key, write.value) };
  return {
    get: (name) => (name.startsWith(PREFIX) ? store.get(name).then((value) => open(name, value)) : store.get(name)),
    put: (name, value, keep) => store.put(name, close(name, value), keep),
    delete: (name) => store.delete(name),
    deleteAll: (prefix) => store.deleteAll(prefix),
    list: async (prefix, range) =>
      (await store.list(prefix, range)).map(({ key: name, value }): Entry => ({ key: name, value: open(name, value) })),
    update: (names, decide) =>
      store.update(names, (current) => {
        const { result, writes } = decide(current.map((value, index) => open(names[index] ?? '', value)));
        return { result, ...(writes && { writes: writes.map(closeWrite) }) };
      }),
    close: () => store.close(),
  };
};

/** Seals the secrets that a server before 0.2 left in clear. */
export const sealLegacySecrets = async (store: OrderedStore, key: Buffer): Promise<void> => {
  const open = (await store.list(PREFIX)).filter(({ value }) => typeof value === 'string' && !isSealed(value));
  const sealed = sealSecrets(store, key);
  for (const { key: name, value } of open) await sealed.put(name, value);
};
