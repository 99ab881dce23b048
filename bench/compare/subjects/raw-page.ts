import { expose, ownToken } from './page.ts';

/** No worker: the least that a request can cost. */
expose(ownToken((login) => login()));
