/** The worker of the PWA: the session, and the app shell. */
import { takeBaked } from './baked.ts';
import { keepSession } from './keep-session.ts';
import { serveShell } from './shell.ts';

keepSession({ ...takeBaked(), build: __BUILD__, takeOver: true });
serveShell(__PRECACHE__, '/index.html');
