export { keepSession, type KeepSessionOptions } from './keep-session.ts';
export { sharedSockets } from '../src/host/shared-sockets.ts';
