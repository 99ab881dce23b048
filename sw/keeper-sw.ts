/** `/keeper-sw.js`: the keeper for `importScripts`, or as a worker of its own where a site has none. */
import { sharedSockets } from '../src/host/sockets/shared-sockets.ts';
import { takeInjectedConfig } from './injected-config.ts';
import { keepSession } from './keep-session.ts';

keepSession({ ...takeInjectedConfig(), build: __BUILD__, sockets: sharedSockets });
