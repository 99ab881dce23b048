export { API_CHECKS } from './api.ts';
export { BROWSER_CHECKS } from './browser.ts';
export { DOCUMENT_CHECKS } from './documents.ts';
export { EDGE_CHECKS } from './edges.ts';
export { PROVIDER_CHECKS } from './provider.ts';
export { SESSION_CHECKS } from './session.ts';
export { SOCKET_CHECKS } from './sockets.ts';
export { WORKER_CHECKS } from './worker.ts';
