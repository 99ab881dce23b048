import { startTimer } from '../../src/protocol/timing/timer.ts';
import type { FreezableConnection } from './freezable-socket.ts';

/** Resolves when all are closed. Drops those that take longer than `withinMs`. */
export const closeConnections = async (open: readonly FreezableConnection[], withinMs: number): Promise<void> => {
  const cancel = startTimer(() => open.forEach((connection) => connection.drop()), withinMs);
  await Promise.all(open.map(({ closed }) => closed));
  cancel();
};
