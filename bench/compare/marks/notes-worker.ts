/**
 * Notes what a worker does, and when. It runs before the worker's own code, and answers the message `notes?` with all
 * notes since its start. `at` is in ms since the Unix epoch, so that the notes of page and worker share one clock.
 */

declare const self: ServiceWorkerGlobalScope;

type Note = { what: string; at: number; detail?: string };
type Detail = (args: readonly unknown[]) => string;

const notes: Note[] = [];
const note = (what: string, detail?: string): void => {
  const at = performance.timeOrigin + performance.now();
  notes.push(detail === undefined ? { what, at } : { what, at, detail });
};

note('script');
// Microtasks wait until the whole script has run.
queueMicrotask(() => note('evaluated'));

/** Replaces a method by one that notes each call, and the end of what takes time. */
const watch = (target: object, name: string, what: string, detailOf?: Detail): void => {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') throw new TypeError(`There is no ${name} to watch.`);
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    const detail = detailOf?.(args);
    note(what, detail);
    const result: unknown = Reflect.apply(original, this, args);
    const end = (): void => note(`${what} done`, detail);
    if (result instanceof Promise) void result.then(end, end);
    else if (result instanceof IDBRequest) result.addEventListener('success', end);
    else if (result === undefined) end();
    return result;
  };
  Object.defineProperty(target, name, { value: watched, configurable: true, writable: true });
};

const pathOf: Detail = ([input]) =>
  new URL(input instanceof Request ? input.url : String(input), location.href).pathname;
const asText: Detail = ([first]) => (typeof first === 'string' ? first : JSON.stringify(first));
const stores: Detail = ([names, mode = 'readonly', options]) =>
  [JSON.stringify(names), mode, (options as IDBTransactionOptions | undefined)?.durability].join(' ').trim();

watch(IDBFactory.prototype, 'open', 'database');
watch(IDBDatabase.prototype, 'transaction', 'transaction', stores);
for (const name of ['get', 'getAll', 'getAllKeys', 'getKey', 'count', 'openCursor'])
  watch(IDBObjectStore.prototype, name, 'read', asText);
for (const name of ['add', 'clear', 'delete', 'put']) watch(IDBObjectStore.prototype, name, 'write', () => name);
for (const name of ['decrypt', 'deriveBits', 'deriveKey', 'digest', 'encrypt', 'generateKey', 'importKey', 'sign'])
  watch(SubtleCrypto.prototype, name, 'crypto', () => name);
watch(LockManager.prototype, 'request', 'lock', asText);
watch(MessagePort.prototype, 'postMessage', 'frame to the page');
watch(self, 'fetch', 'request', pathOf);
watch(self, 'importScripts', 'part', pathOf);

self.addEventListener('fetch', ({ request }) => note('fetch event', new URL(request.url).pathname));
self.addEventListener('message', (event) => {
  if (event.data !== 'notes?') return note('message event');
  event.stopImmediatePropagation();
  event.ports[0]?.postMessage(notes.slice());
});
