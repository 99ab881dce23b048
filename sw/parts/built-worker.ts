import type { LateCode } from './late-code.ts';
import { installParts } from './part-registry.ts';

/** The parts of each built worker. Each `import()` becomes a script of its own (scripts/build/bundle-worker.ts). */
export const sessionParts = (): LateCode => {
  installParts();
  return {
    host: () => import('./host-part.ts'),
    sessions: () => import('./sessions-part.ts'),
    auth: () => import('../../src/host/auth/auth.ts'),
  };
};

/** The part of a worker with the shared socket. */
export const socketParts = {
  sockets: async () => (await import('../../src/host/sockets/shared-sockets.ts')).sharedSockets,
} satisfies Partial<LateCode>;
