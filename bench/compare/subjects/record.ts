/** One IndexedDB database with one store, as every subject that keeps something has it. */

const open = (name: string): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore('records'));
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('no database')));
  });

export type Records = {
  /** The values under these keys, read in one transaction. */
  read(...keys: readonly string[]): Promise<unknown[]>;
  /** Resolves when the disk has them. */
  write(values: Readonly<Record<string, unknown>>): Promise<void>;
};

export const openRecords = (name: string): Records => {
  const database = open(name);
  return {
    read: async (...keys) => {
      const store = (await database).transaction('records').objectStore('records');
      const requests = keys.map((key): IDBRequest<unknown> => store.get(key));
      return Promise.all(
        requests.map(
          (request) =>
            new Promise((resolve, reject) => {
              request.addEventListener('success', () => resolve(request.result));
              request.addEventListener('error', () => reject(request.error ?? new Error('not read')));
            }),
        ),
      );
    },
    write: async (values) => {
      const transaction = (await database).transaction('records', 'readwrite', { durability: 'strict' });
      for (const [key, value] of Object.entries(values)) transaction.objectStore('records').put(value, key);
      return new Promise((resolve, reject) => {
        transaction.addEventListener('complete', () => resolve());
        transaction.addEventListener('error', () => reject(transaction.error ?? new Error('not written')));
      });
    },
  };
};
