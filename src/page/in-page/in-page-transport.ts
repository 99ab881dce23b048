import type { TabIntro, KeeperApi } from '../../protocol/bridge.ts';
import type { Transport } from '../connection/transport.ts';

/** A host that lives and dies with this page. */
export type LocalHost = {
  readonly api: KeeperApi;
  attach(intro: TabIntro, port: MessagePort): void;
  fetch: Transport['fetch'];
};

const never = new Promise<never>(() => {});

export const hostTransport = (host: LocalHost): Transport => ({
  api: host.api,
  lease: { open: () => {}, close: () => {}, broken: () => {} },
  target: () => host,
  greet: (intro, port) => host.attach(intro, port),
  repair: () => Promise.resolve(),
  gone: () => never,
  died: () => {},
  handOver: () => Promise.resolve(),
  isPassedBy: () => false,
  watch: () => {},
  fetch: (request) => host.fetch(request),
});
