import { createHost } from '../host/host.ts';
import { sharedSockets } from '../host/shared-sockets.ts';
import type { Host } from '../host/types.ts';
import type { KeeperConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import { documentConfig } from './document-config.ts';
import { hostTransport } from './host-transport.ts';
import { noHost } from './no-host.ts';
import type { Transport } from './transport.ts';

/**
 * Without a worker to take the callback navigation, the provider sends the browser to a document, and this is it.
 * Its code leaves the address at once; a framed document gets nothing, as from a worker.
 */
const takeCallback = async (host: Host, callback: string | undefined): Promise<void> => {
  if (location.pathname !== callback || window.top !== window.self) return;
  const url = new URL(location.href);
  history.replaceState(history.state, '', url.pathname);
  const path = await host.callback(url);
  await host.pending();
  const told = await host.api.snapshot();
  // What went wrong is told by this host only: a load would forget it.
  if (told.ok && told.value.session.state === 'signed-out') history.replaceState(history.state, '', path);
  else location.replace(path);
};

/**
 * The host in the page itself, for pages that can have no worker; `problem` tells why they cannot.
 * Without a configuration there can be no host either, and what is left is to say so.
 */
export const openFallback = (given: KeeperConfig | undefined, build: string, problem: Problem): Transport => {
  const config = given ?? documentConfig();
  if (!config) return hostTransport(noHost(problem));
  const host = createHost({ config, origin: location.origin, where: 'page', build, sockets: sharedSockets });
  void takeCallback(host, config.signIn.oidc?.callback);
  return hostTransport({
    api: host.api,
    attach: (intro, port) => host.attach(intro, port),
    fetch: (request) => (host.covers(request.url) ? host.fetch(request) : fetch(request)),
  });
};
