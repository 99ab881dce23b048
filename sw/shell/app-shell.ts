import type { ShellCache, ShellOptions } from './shell-cache.ts';

import { SERVER_SEARCH } from '../../src/protocol/bridge/bridge-constants.ts';

declare const self: ServiceWorkerGlobalScope;

/** Navigations to these paths go to the server: its own, and those of proxies that sign people in. */
const SERVER_PATHS = ['/api/', '/lab/', '/oauth2/', '/cdn-cgi/', '/.well-known/', '/.auth/'];
/** The last segment of a file's path has a dot. */
const FILE = /\.(?!html?$)[^/.]+$/;

export type ShellSite = {
  /** More paths that are the server's. */
  serverPaths?: readonly string[] | undefined;
  /** Whether a proxy redirects all requests. Then documents come from the network first. */
  isRedirected(): boolean;
};

/** Serves the app shell, which is installed with the worker and works offline. `load` gives the code of its cache. */
export const serveAppShell = (
  options: ShellOptions,
  load: () => Promise<{ createShellCache(options: ShellOptions): ShellCache }>,
  { serverPaths = [], isRedirected }: ShellSite,
): void => {
  const ofServer = [...SERVER_PATHS, ...serverPaths];
  const isOfServer = ({ pathname }: URL): boolean =>
    FILE.test(pathname) || ofServer.some((path) => pathname.startsWith(path));
  const paths = new Set(options.entries.map(({ url }) => url));
  if (!paths.has(options.document)) return;
  let cache: Promise<ShellCache> | undefined;
  const shell = (): Promise<ShellCache> => (cache ??= load().then(({ createShellCache }) => createShellCache(options)));

  const fromShell = (event: FetchEvent): Promise<Response> => shell().then(({ document }) => document(event));
  /** A redirect to a proxy's sign-in shows the shell, which names the problem and leads there. */
  const fromNetwork = async (event: FetchEvent): Promise<Response> => {
    const response = await fetch(event.request).catch(() => undefined);
    return response?.ok ? response : fromShell(event);
  };

  self.addEventListener('install', (event) => event.waitUntil(shell().then(({ install }) => install(event))));
  self.addEventListener('activate', (event) => event.waitUntil(shell().then(({ activate }) => activate(event))));
  self.addEventListener('fetch', (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.origin !== location.origin) return;
    if (request.mode === 'navigate') {
      if (isOfServer(url) || url.searchParams.has(SERVER_SEARCH)) return;
      event.respondWith(isRedirected() ? fromNetwork(event) : fromShell(event));
    } else if (paths.has(url.pathname)) {
      event.respondWith(shell().then(({ file }) => file(event)));
    }
  });
};
