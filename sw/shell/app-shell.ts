import type { ShellCache, ShellOptions } from './shell-cache.ts';

declare const self: ServiceWorkerGlobalScope;

/** Navigations to these paths go to the server. */
const SERVER_PATHS = ['/api/', '/lab/'];

/** Serves the app shell, which is installed with the worker and works offline. `load` gives the code of its cache. */
export const serveAppShell = (
  options: ShellOptions,
  load: () => Promise<{ createShellCache(options: ShellOptions): ShellCache }>,
): void => {
  const paths = new Set(options.entries.map(({ url }) => url));
  if (!paths.has(options.document)) return;
  let cache: Promise<ShellCache> | undefined;
  const shell = (): Promise<ShellCache> => (cache ??= load().then(({ createShellCache }) => createShellCache(options)));

  self.addEventListener('install', (event) => event.waitUntil(shell().then(({ install }) => install(event))));
  self.addEventListener('activate', (event) => event.waitUntil(shell().then(({ activate }) => activate(event))));
  self.addEventListener('fetch', (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== location.origin) return;
    if (request.mode === 'navigate') {
      if (SERVER_PATHS.some((path) => url.pathname.startsWith(path))) return;
      event.respondWith(shell().then(({ document }) => document(event)));
    } else if (paths.has(url.pathname)) {
      event.respondWith(shell().then(({ file }) => file(event)));
    }
  });
};
