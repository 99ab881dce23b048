/** Notes what a page does, and when: `pageNotes()`. It runs before the page's own scripts. */

type PageNote = { what: string; at: number; detail?: string };

const found: PageNote[] = [];
const now = (): number => performance.timeOrigin + performance.now();

/** Replaces a method by one that notes each call, and its end. */
const watchInPage = (target: object, name: string, what: string): void => {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') throw new TypeError(`There is no ${name} to watch.`);
  const watched = function (this: unknown, ...args: unknown[]): unknown {
    found.push({ what, at: now() });
    const result: unknown = Reflect.apply(original, this, args);
    const end = (): void => void found.push({ what: `${what} done`, at: now() });
    if (result instanceof Promise) void result.then(end, end);
    return result;
  };
  Object.defineProperty(target, name, { value: watched, configurable: true, writable: true });
};

const pageNotes = (): PageNote[] => {
  const since = performance.timeOrigin;
  const [document] = performance.getEntriesByType('navigation');
  const loads = performance.getEntriesByType('resource');
  return [
    { what: 'navigation', at: since },
    { what: 'document done', at: since + (document instanceof PerformanceNavigationTiming ? document.responseEnd : 0) },
    ...loads.flatMap(({ name, startTime, duration }) => {
      const detail = new URL(name).pathname;
      return [
        { what: 'load', at: since + startTime, detail },
        { what: 'load done', at: since + startTime + duration, detail },
      ];
    }),
    ...performance.getEntriesByType('mark').map(({ name, startTime }) => ({ what: name, at: since + startTime })),
    ...found,
  ];
};

// The first document of a tab, `about:blank`, has no workers.
if ('serviceWorker' in navigator) {
  watchInPage(ServiceWorkerContainer.prototype, 'register', 'register');
  watchInPage(ServiceWorker.prototype, 'postMessage', 'message to the worker');
  watchInPage(LockManager.prototype, 'request', 'lock');
  watchInPage(globalThis, 'fetch', 'fetch');
  Object.assign(globalThis, { pageNotes });
}
