/** The worker of a site whose pages use GraphQL and Socket.IO. */
import { graphqlTransportWs, keepSession, socketIo, socketsWith } from '../../sw/index.ts';
import { takeInjectedConfig } from '../../sw/parts/injected-config.ts';

keepSession({ ...takeInjectedConfig(), sockets: socketsWith(graphqlTransportWs, socketIo), takeOver: true });
