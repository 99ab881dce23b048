import { createOutboxStore } from './outbox-store.ts';
import { createSockets, type Sockets, type SocketsOptions } from './sockets.ts';

/** Makes the sockets of a host. A feature of its own, so that a site without sockets does not carry it. */
export type SocketsFactory = (options: Omit<SocketsOptions, 'outbox'>) => Sockets;

export const sharedSockets: SocketsFactory = (options) => createSockets({ ...options, outbox: createOutboxStore() });
