/*
 * What a page needs once it has greeted its host. The part loads while the host answers, and not at its first use: a
 * deployment in between may have renamed this file.
 */
export { createClient } from './client.ts';
export * from './connection/worker-part.ts';
export { createKeeper } from './keeper.ts';
