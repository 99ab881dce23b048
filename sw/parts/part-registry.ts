declare const self: ServiceWorkerGlobalScope & { __SESSION_KEEPER_PARTS__?: PartRegistry };

type Exports = Readonly<Record<string, unknown>>;

/**
 * The scripts of one built worker find each other here. The build writes the calls of these functions in place of
 * `import`, `export` and `import()`, which a classic worker does not have (scripts/build/bundle-worker.ts).
 */
export type PartRegistry = {
  /** A script has run, and exports this. */
  add(name: string, exports: Exports): void;
  /** What a script exports. Evaluates it first, if need be. */
  load(name: string): Exports;
  /** The same, in place of `import()`. */
  later(name: string): Promise<Exports>;
};

const scripts = new Map<string, Exports>();

/**
 * The browser keeps each script that a worker imported while it was installed, and answers `importScripts` from there:
 * at once, without a network, for the life of the registration
 * (https://w3c.github.io/ServiceWorker/#importscripts).
 */
const load = (name: string): Exports => {
  const part = __PARTS__[name];
  if (!scripts.has(name) && part) self.importScripts(part.url);
  const exports = scripts.get(name);
  if (!exports) throw new TypeError(`${part?.url ?? 'This worker'} has no part "${name}".`);
  return exports;
};

self.__SESSION_KEEPER_PARTS__ = {
  add: (name, exports) => void scripts.set(name, exports),
  load,
  later: async (name) => load(name),
};

/**
 * Makes the browser keep all parts. When one is missing or differs from the build, the installation fails, and the worker
 * before stays. `importScripts` knows no integrity, so a request for the same URL checks the bytes first.
 */
const keepParts = (): Promise<unknown> =>
  Promise.all(
    Object.entries(__PARTS__).map(async ([name, { url, integrity }]) => {
      const response = await fetch(url, { integrity });
      if (!response.ok) throw new TypeError(`${url} answered ${response.status}.`);
      await response.arrayBuffer();
      load(name);
    }),
  );

/** Call it synchronously at the start of a built worker. */
export const installParts = (): void => {
  self.addEventListener('install', (event) => event.waitUntil(keepParts()));
};
