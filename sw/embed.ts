/** `/keeper-sw.js`: the keeper for `importScripts`, or as a worker of its own where a site has none. */
import { sharedSockets } from '../src/host/shared-sockets.ts';
import { takeBaked } from './baked.ts';
import { keepSession } from './keep-session.ts';

keepSession({ ...takeBaked(), build: __BUILD__, sockets: sharedSockets });
