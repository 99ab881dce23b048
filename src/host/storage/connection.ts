/** Only this layer names the database. `idb` wraps its connection for all uses but the first read. */
export const DATABASE_NAME = 'session-keeper';
export const DATABASE_VERSION = 1;

const createStores = (db: IDBDatabase): void => {
  for (const name of ['session', 'sealed', 'plain', 'keys']) db.createObjectStore(name);
  db.createObjectStore('journal', { autoIncrement: true });
};

export const openDatabase = (name = DATABASE_NAME): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open(name, DATABASE_VERSION);
    request.onupgradeneeded = () => createStores(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException('open', 'UnknownError'));
  });
