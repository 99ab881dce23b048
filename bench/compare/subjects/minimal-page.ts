import { expose, login, tokenInWorker } from './page.ts';

expose(tokenInWorker(async () => ({ token: await login() })));
