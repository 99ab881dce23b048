import type { Storage } from '../storage/storage.ts';

/** Sign-outs of other instances do not arrive without the store, so no socket may stay open for much longer. */
const KEEP_SOCKETS_MS = 30_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Calls `onAway` once each time the store has been away for 30 s: the sockets of this instance then go elsewhere. Returns a
 * function that ends it. `now`: a monotonic clock in ms.
 */
export const drainWithoutStore = (
  { isUp }: Pick<Storage, 'isUp'>,
  onAway: () => void,
  now: () => number = () => performance.now(),
): (() => void) => {
  if (!isUp) return () => undefined;
  let upAt = now();
  let isAway = false;
  const timer = setInterval(() => {
    if (isUp()) {
      upAt = now();
      isAway = false;
    } else if (!isAway && now() - upAt > KEEP_SOCKETS_MS) {
      isAway = true;
      onAway();
    }
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
};
