/* The entry `session-keeper/socket`: it has nothing of `connect()`, which gives the class its sockets later. */
export { installGlobal, KeeperSocket } from './socket-class.ts';
export type { SocketClass } from './types/types.ts';
