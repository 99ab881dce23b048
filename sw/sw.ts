/** The worker of the PWA: the session, and the app shell. */
import { sharedSockets } from '../src/host/sockets/shared-sockets.ts';
import { takeInjectedConfig } from './injected-config.ts';
import { keepSession } from './keep-session.ts';
import { serveAppShell } from './app-shell.ts';

const injected = takeInjectedConfig();
keepSession({ ...injected, build: __BUILD__, sockets: sharedSockets, takeOver: true });
serveAppShell(__PRECACHE__, '/index.html', injected.document);
