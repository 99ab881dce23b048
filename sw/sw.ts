/** The worker of the PWA: the session, and the app shell. */
import { sharedSockets } from '../src/host/sockets/shared-sockets.ts';
import { takeBaked } from './injected-config.ts';
import { keepSession } from './keep-session.ts';
import { serveShell } from './app-shell.ts';

const baked = takeBaked();
keepSession({ ...baked, build: __BUILD__, sockets: sharedSockets, takeOver: true });
serveShell(__PRECACHE__, '/index.html', baked.document);
