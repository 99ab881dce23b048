import { startFirstRead } from '../../src/host/storage/first-read.ts';

/** The first statement of a built worker. Import it before everything else. */
export const firstRead = startFirstRead();
