/** The worker of a site that uses every optional codec. */
import { centrifuge, graphqlTransportWs, keepSession, phoenix, socketIo, socketsWith } from '../../sw/index.ts';
import { takeInjectedConfig } from '../../sw/parts/injected-config.ts';

keepSession({
  ...takeInjectedConfig(),
  sockets: socketsWith(graphqlTransportWs, socketIo, phoenix, centrifuge),
  takeOver: true,
});
