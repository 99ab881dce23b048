import { createHost } from '../host/host.ts';
import { sharedSockets } from '../host/shared-sockets.ts';
import type { KeeperConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import { documentConfig } from './document-config.ts';
import { hostTransport } from './host-transport.ts';
import { noHost } from './no-host.ts';
import type { Transport } from './transport.ts';

/**
 * The host in the page itself, for pages that can have no worker; `problem` tells why they cannot.
 * Without a configuration there can be no host either, and what is left is to say so.
 */
export const openFallback = (given: KeeperConfig | undefined, build: string, problem: Problem): Transport => {
  const config = given ?? documentConfig();
  if (!config) return hostTransport(noHost(problem));
  const host = createHost({ config, origin: location.origin, where: 'page', build, sockets: sharedSockets });
  return hostTransport({
    api: host.api,
    attach: (intro, port) => host.attach(intro, port),
    fetch: (input, init) => {
      const request = new Request(input, init);
      return host.covers(request.url) ? host.fetch(request) : fetch(request);
    },
  });
};
