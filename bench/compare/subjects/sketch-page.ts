import { DEMO, expose, tokenInWorker } from './page.ts';

expose(tokenInWorker(() => Promise.resolve(DEMO)));
