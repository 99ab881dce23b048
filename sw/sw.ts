/** The worker of the PWA: the session, and the app shell. */
import { firstRead } from './parts/first-read.ts';
import { takeInjectedConfig } from './parts/injected-config.ts';
import { sessionParts, socketParts } from './parts/built-worker.ts';
import { serveAppShell } from './shell/app-shell.ts';
import { startKeeper } from './start-keeper.ts';

const injected = takeInjectedConfig();
const keeper = startKeeper(
  { ...injected, build: __BUILD__, firstRead, takeOver: true },
  { ...sessionParts(), ...socketParts },
);
serveAppShell(
  { entries: __PRECACHE__, document: '/index.html', headers: injected.document },
  () => import('./shell/shell-cache.ts'),
  { serverPaths: injected.config.serverPaths, isRedirected: keeper.isRedirected },
);
