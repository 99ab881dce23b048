/** `/keeper-sw.js`: the keeper for `importScripts`, or as the worker of a site that has none. */
import { firstRead } from './parts/first-read.ts';
import { takeInjectedConfig } from './parts/injected-config.ts';
import { offerFetch } from './offer-fetch.ts';
import { sessionParts, socketParts } from './parts/built-worker.ts';
import { startKeeper } from './start-keeper.ts';

const { fetch } = startKeeper(
  { ...takeInjectedConfig(), build: __BUILD__, firstRead },
  { ...sessionParts(), ...socketParts },
);
offerFetch(fetch);
