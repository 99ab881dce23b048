/** `/keeper-session-sw.js`: the keeper for sites that want the session only, without the shared socket. */
import { takeBaked } from './injected-config.ts';
import { keepSession } from './keep-session.ts';

keepSession({ ...takeBaked(), build: __BUILD__ });
