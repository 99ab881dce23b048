import { startFirstRead } from '../../src/host/storage/first-read.ts';
import { isActiveWorker } from '../updates/active-worker.ts';

/**
 * Imported before all else, so that the disk works while the script is evaluated. A worker that is not active reads
 * nothing: the session may change until it is (invariant 13).
 */
export const firstRead = isActiveWorker() ? startFirstRead() : undefined;
