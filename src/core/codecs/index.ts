import type { CodecKind } from './codec.ts';
import { broadcast } from './broadcast.ts';
import { jsonPing } from './json-ping.ts';
import { keeper1 } from './keeper1.ts';

/** The protocols that every worker with sockets speaks. */
export const CODECS: readonly CodecKind[] = [keeper1, jsonPing, broadcast];

/** Those that an embedder adds: `socketsWith(graphqlTransportWs, socketIo)`. */
export { graphqlTransportWs } from './graphql-transport-ws.ts';
export { socketIo } from './socket-io.ts';
