import type { TabIntro, KeeperApi } from '../../protocol/bridge/bridge.ts';
import type { Transport } from '../connection/transport.ts';

/** A host that lives and dies with this page. */
export type LocalHost = {
  readonly api: KeeperApi;
  attach(intro: TabIntro, port: MessagePort): void;
  fetch: Transport['fetch'];
};

const never = new Promise<never>(() => {});

export const inPageTransport = (host: LocalHost): Transport => ({
  api: host.api,
  keepAlive: { start: () => {}, stop: () => {}, workerDied: () => {} },
  currentHost: () => host,
  attach: (intro, port) => host.attach(intro, port),
  repair: () => Promise.resolve(),
  hostGone: () => never,
  hostDied: () => {},
  awaitTakeover: () => Promise.resolve(),
  isBypassed: () => false,
  watchControl: () => {},
  fetch: (request) => host.fetch(request),
});
