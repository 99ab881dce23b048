import { broadcast } from '../../core/codecs/broadcast.ts';
import type { CodecKind } from '../../core/codecs/codec.ts';
import { jsonPing } from '../../core/codecs/json-ping.ts';
import { keeper1 } from '../../core/codecs/keeper1.ts';
import type { Disk } from '../storage/database.ts';
import type { DeploymentName } from '../runtime/deployment-name.ts';
import { leaveOtherLineage } from '../storage/other-lineage.ts';
import { createOutboxStore } from '../storage/outbox-store.ts';
import { createSockets, type Sockets, type SocketsOptions } from './sockets.ts';

/** Makes the sockets of a host. A feature of its own, so that a site without sockets does not carry it. */
export type SocketsFactory = (
  options: Omit<SocketsOptions, 'outbox' | 'codecs' | 'leaveOtherLineage'> & { disk: Disk; deployment: DeploymentName },
) => Sockets;

/** The codecs that every worker with sockets carries. `core/optional-codecs/optional-codecs.ts` lists the others. */
export const BUILT_IN_CODECS: readonly CodecKind[] = [keeper1, jsonPing, broadcast];

/**
 * Makes the sockets for `keepSession`, with these codecs besides the built-in ones (`keeper.1`, `json-ping`,
 * `broadcast`, `private`). `session-keeper/sw` exports `centrifuge`, `graphqlTransportWs`, `phoenix` and `socketIo`.
 *
 * @example
 * import { graphqlTransportWs, keepSession, socketsWith } from 'session-keeper/sw';
 * keepSession({ config, sockets: socketsWith(graphqlTransportWs) });
 */
export const socketsWith =
  (...codecs: readonly CodecKind[]): SocketsFactory =>
  ({ disk, deployment, ...options }) =>
    createSockets({
      ...options,
      codecs: [...BUILT_IN_CODECS, ...codecs],
      outbox: createOutboxStore(deployment),
      leaveOtherLineage: () => leaveOtherLineage(disk, options.identity),
    });

/** The sockets with the built-in codecs only. */
export const sharedSockets: SocketsFactory = socketsWith();
