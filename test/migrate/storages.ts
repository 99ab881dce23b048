import { vi } from 'vitest';

/** A web storage in memory. Libraries read it by its methods, and by property. */
const webStorage = (): Storage => {
  const values = new Map<string, string>();
  const methods: Storage = {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    clear: () => values.clear(),
  };
  return new Proxy(methods, {
    get: (target, key): unknown => (key in target ? Reflect.get(target, key) : values.get(String(key))),
    set: (_target, key, value) => Boolean(values.set(String(key), String(value))),
    deleteProperty: (_target, key) => values.delete(String(key)) || true,
    ownKeys: () => [...values.keys()],
    getOwnPropertyDescriptor: (_target, key) => ({
      value: values.get(String(key)),
      enumerable: true,
      configurable: true,
    }),
  });
};

/** What a library for browsers expects of its page. */
export const openPage = (href: string): { session: Storage; local: Storage } => {
  const [session, local] = [webStorage(), webStorage()];
  const noEvents = { addEventListener: () => undefined, removeEventListener: () => undefined };
  const page = {
    ...noEvents,
    location: new URL(href),
    sessionStorage: session,
    localStorage: local,
    crypto: globalThis.crypto,
    document: { ...noEvents, cookie: '', visibilityState: 'visible' },
  };
  for (const [name, value] of Object.entries(page)) if (name !== 'crypto') vi.stubGlobal(name, value);
  vi.stubGlobal('window', { ...page, setTimeout, clearTimeout, setInterval, clearInterval, isSecureContext: true });
  return { session, local };
};
