import type { CodecKind } from '../../core/codecs/codec.ts';
import { CODECS } from '../../core/codecs/index.ts';
import { createOutboxStore } from '../storage/outbox-store.ts';
import { createSockets, type Sockets, type SocketsOptions } from './sockets.ts';

/** Makes the sockets of a host. A feature of its own, so that a site without sockets does not carry it. */
export type SocketsFactory = (options: Omit<SocketsOptions, 'outbox' | 'codecs'>) => Sockets;

/** Sockets that speak these protocols besides the ones that all do. */
export const socketsWith =
  (...codecs: readonly CodecKind[]): SocketsFactory =>
  (options) =>
    createSockets({ ...options, codecs: [...CODECS, ...codecs], outbox: createOutboxStore() });

export const sharedSockets: SocketsFactory = socketsWith();
