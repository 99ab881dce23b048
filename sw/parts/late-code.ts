import type { LoadAuth } from '../../src/host/auth/late-auth.ts';
import type { SocketsFactory } from '../../src/host/sockets/shared-sockets.ts';

/**
 * The code that the first request after a start does not need. A bundle of one file has all of it from the start. The
 * built worker evaluates each part when it first needs it (docs/decisions/0012-a-worker-in-parts.md).
 */
export type LateCode = {
  /** The session machine, the tabs, and what answers the calls of pages. */
  host(): Promise<typeof import('./host-part.ts')>;
  auth: LoadAuth;
  /** Several sessions on one origin. */
  sessions(): Promise<typeof import('./sessions-part.ts')>;
  /** Absent where the worker has no sockets. */
  sockets?: (() => Promise<SocketsFactory>) | undefined;
};
