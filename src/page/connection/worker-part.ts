/* What a page needs of a worker that it has greeted. Most of it runs seconds later, or never. */
export { createBridge } from './bridge-client.ts';
export { createKeepAlive } from './keep-alive.ts';
export { checkUpdate, install, renewRegistration, replaceController } from './worker-installation.ts';
export { requestTakeover } from './worker-update.ts';
