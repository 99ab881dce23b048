/** `/keeper-sw.js`: the keeper for `importScripts`, or as the worker of a site that has none. */
import { sharedSockets } from '../src/host/sockets/shared-sockets.ts';
import { takeInjectedConfig } from './injected-config.ts';
import { keepSession } from './keep-session.ts';

keepSession({ ...takeInjectedConfig(), build: __BUILD__, sockets: sharedSockets });
