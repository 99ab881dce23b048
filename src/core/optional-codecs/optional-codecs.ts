/**
 * The codecs that a site adds to its worker: `socketsWith(graphqlTransportWs, socketIo)`. The worker's public API, the
 * doctor's checks and the size budgets read this list, so it contains only codecs.
 */
export { centrifuge } from './centrifuge.ts';
export { graphqlTransportWs } from './graphql-transport-ws.ts';
export { phoenix } from './phoenix.ts';
export { socketIo } from './socket-io.ts';
