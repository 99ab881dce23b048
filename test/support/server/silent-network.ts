import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededChance } from '../../../lab/base/chance.ts';
import { startNetwork } from '../../../lab/proxy/network.ts';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startServer } from '../../../server/server.ts';
import { createFaultClient, type FaultClient } from './fault-client.ts';

/** The real server behind the lab's network, which can drop all packets without closing or resetting connections. */
export type SilentNetwork = {
  /** Origin of the app. */
  readonly origin: string;
  /** The proxy through which a browser is behind that network. */
  readonly proxy: { server: string; bypass: string };
  /** Fault routes on the server's side of that network. */
  readonly faults: FaultClient;
  /**
   * Silences the open connections: the WebSockets, or all, as when a phone leaves a Wi-Fi. New connections work. Resolves
   * with the number of silenced WebSockets.
   */
  silence(what: 'sockets' | 'everything'): number;
  stop(): Promise<void>;
};

export const startSilentNetwork = async ({ heartbeatMs }: { heartbeatMs: number }): Promise<SilentNetwork> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-data-'));
  const running = await withFreePortPair((port) => startServer({ port, dataDir, faultRoutes: true, heartbeatMs }));
  const network = await startNetwork({ route: { type: 'socks' }, protocol: 'http', chance: seededChance(1) });
  return {
    origin: running.url,
    // Chromium reaches loopback without its proxy otherwise.
    proxy: { server: `socks5://${network.address}`, bypass: '<-loopback>' },
    faults: createFaultClient(running.local.app),
    silence(what) {
      const sockets = network.sockets().filter(({ record }) => record.silentSince === undefined).length;
      network.silence(what);
      return sockets;
    },
    async stop() {
      await network.stop();
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
