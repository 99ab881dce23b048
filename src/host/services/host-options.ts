import type { KeeperConfig, SealSecret } from '../../protocol/config.ts';
import type { LoadAuth } from '../auth/late-auth.ts';
import type { Requests } from '../session/requests.ts';
import type { Random } from '../runtime/clock.ts';
import type { Connections } from '../runtime/connections.ts';
import type { Sealer } from '../storage/encryption.ts';
import type { FirstRead } from '../storage/first-read.ts';
import type { SocketsFactory } from '../sockets/shared-sockets.ts';

export type HostOptions = {
  config: KeeperConfig;
  /** The name of this session, where the origin has several. Absent: the first one. */
  session?: string | undefined;
  /** `location.origin` of the scope that the host runs in. */
  origin: string;
  /** Path of the worker's scope. All paths that the worker answers for itself begin with it. */
  scope: string;
  where: 'service-worker' | 'page';
  build: string;
  /** The secret that the server wrote into this worker's script. It never leaves the worker (SECURITY.md, tier sealed). */
  seal?: SealSecret | undefined;
  /** Replaces the encryption of records, where the browser has none. */
  createSealer?: ((deployment: string) => Sealer) | undefined;
  /** Loads the code for sign-in, refresh and proofs when the host first needs it. */
  loadAuth: LoadAuth;
  /** Loads the socket feature (`sharedSockets`), where pages use sockets or channels. */
  loadSockets?: (() => Promise<SocketsFactory>) | undefined;
  /** The requests of pages. The host judges them from now on. */
  requests: Requests;
  /** What the worker has begun to read in its first statement. */
  firstRead?: FirstRead | undefined;
  /** Has the clock of this host. */
  connections: Connections;
  random?: Random | undefined;
};
