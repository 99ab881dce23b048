import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFreePortPair } from '../../../scripts/process/free-port.ts';
import { startServer } from '../../../server/server.ts';
import { createFaultClient, type FaultClient } from './fault-client.ts';
import { TEST_SECRET } from './test-secret.ts';

/** The real server behind a network that can drop all packets, without closing or resetting connections. */
export type SilentNetwork = {
  /** Origin of the app behind that network. */
  readonly origin: string;
  /** Fault routes on the server's side of that network. */
  readonly faults: FaultClient;
  /**
   * Silences the open connections: the WebSockets, or all, as when a phone leaves a Wi-Fi. New connections work. Resolves
   * with the number of silenced WebSockets.
   */
  silence(what: 'sockets' | 'everything'): number;
  stop(): Promise<void>;
};

type Pair = { near: Socket; far: Socket; isSocket: boolean; isDead: boolean };

/** The headers of a WebSocket handshake come in one chunk, at the start of a connection or after other requests. */
const isUpgrade = (bytes: Buffer): boolean => /\r\nupgrade: websocket\r\n/i.test(bytes.toString('latin1'));

const relay = (pair: Pair): void => {
  const { near, far } = pair;
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on('data', (bytes: Buffer) => {
      if (pair.isDead) return;
      pair.isSocket ||= from === near && isUpgrade(bytes);
      to.write(bytes);
    });
    from.on('end', () => pair.isDead || to.end());
    from.on('error', () => pair.isDead || to.destroy());
  }
};

export const startSilentNetwork = async ({ heartbeatMs }: { heartbeatMs: number }): Promise<SilentNetwork> => {
  const pairs = new Set<Pair>();
  let serverPort = 0;
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { near, far, isSocket: false, isDead: false };
    pairs.add(pair);
    relay(pair);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const origin = `http://localhost:${typeof address === 'object' && address ? address.port : 0}`;
  const dataDir = await mkdtemp(join(tmpdir(), 'keeper-data-'));
  const running = await withFreePortPair((port) =>
    startServer({ port, dataDir, secret: TEST_SECRET, faultRoutes: true, heartbeatMs, devOrigin: origin }),
  );
  serverPort = Number(new URL(running.local.app).port);
  return {
    origin,
    faults: createFaultClient(running.local.app),
    silence(what) {
      const swallowed = [...pairs].filter(
        (pair) => !pair.isDead && !pair.near.closed && (what === 'everything' || pair.isSocket),
      );
      for (const pair of swallowed) pair.isDead = true;
      return swallowed.filter(({ isSocket }) => isSocket).length;
    },
    async stop() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      proxy.close();
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};
