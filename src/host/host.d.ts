import type { Host, HostOptions } from './types.ts';
/** Puts the keeper together. Synchronous, so that a worker can answer the very event that started it. */
export declare const createHost: (options: HostOptions) => Host;
