/** `/keeper-session-sw.js`: the keeper without the shared socket. */
import { takeInjectedConfig } from './injected-config.ts';
import { keepSession } from './keep-session.ts';

keepSession({ ...takeInjectedConfig(), build: __BUILD__ });
