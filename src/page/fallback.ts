import { createHost } from '../host/host.ts';
import { failed, ok, type Result } from '../protocol/problem.ts';
import type { KeeperConfig } from '../protocol/config.ts';
import { documentConfig } from './document-config.ts';
import type { LocalHost } from './host-transport.ts';

/** The host in the page itself, for pages that can have no worker. */
export const openFallback = async (given: KeeperConfig | undefined, build: string): Promise<Result<LocalHost>> => {
  const config = given ?? documentConfig();
  if (!config) return failed({ code: 'misconfigured', at: 'script#session-keeper', detail: 'no configuration' });
  try {
    const host = await createHost({ config, origin: location.origin, where: 'page', build });
    return ok({
      api: host.api,
      attach: (intro, port) => host.attach(intro, port),
      fetch: (input, init) => {
        const request = new Request(input, init);
        return host.covers(request.url) ? host.fetch(request) : fetch(request);
      },
    });
  } catch (error) {
    return failed({ code: 'no-worker', detail: String(error) });
  }
};
