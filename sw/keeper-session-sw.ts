/** `/keeper-session-sw.js`: the keeper without the shared socket. */
import { firstRead } from './parts/first-read.ts';
import { takeInjectedConfig } from './parts/injected-config.ts';
import { offerFetch } from './offer-fetch.ts';
import { sessionParts } from './parts/built-worker.ts';
import { startKeeper } from './start-keeper.ts';

const { fetch } = startKeeper({ ...takeInjectedConfig(), build: __BUILD__, firstRead }, sessionParts());
offerFetch(fetch);
