/** The worker of a site whose pages use GraphQL and Socket.IO. */
import { graphqlTransportWs, keepSession, socketIo, socketsWith } from '../../sw/index.ts';
import { takeBaked } from '../../sw/injected-config.ts';

keepSession({ ...takeBaked(), sockets: socketsWith(graphqlTransportWs, socketIo), takeOver: true });
