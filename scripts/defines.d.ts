/** Constants that the bundler puts into the worker scripts (scripts/build/worker-plugin.ts). */

/** Identity of the build: the same in the worker and in the page's `<meta name="build">`. */
declare const __BUILD__: string;

/** The parts of the worker by name (scripts/build/bundle-worker.ts). `integrity` is `sha256-<base64>` of the bytes. */
declare const __PARTS__: Readonly<Record<string, { url: string; integrity: string }>>;

/** The files of the app shell. `integrity` is `sha256-<base64>` of the bytes as they are served. */
declare const __PRECACHE__: readonly { url: string; revision: string | null; integrity: string }[];
