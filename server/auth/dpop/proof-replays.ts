import { randomUUID } from 'node:crypto';
import type { Once } from '../../storage/storage.ts';
import { StoreUnavailable, type Store } from '../../base/store.ts';

/** Proofs that were used (RFC 9449 §11.1). */
export type ProofReplays = {
  /** A part of each nonce. A nonce of another run is unknown here, because its proofs are too. */
  readonly run: string;
  /** A proof without a nonce may have been used in another run when it is not younger than this (ms since the epoch). */
  readonly knownSince: number;
  /**
   * Resolves with `true` for the first use of an id, also when two requests carry it at the same time.
   * Rejects with `StoreUnavailable` when there is no room for another id.
   */
  take(id: string): Promise<boolean>;
};

/** Maximum age of a proof without a nonce, and how far its clock may be ahead. */
export const PROOF_AGE_MS = 60_000;
const GENERATION_MS = 60_000;
/** With these, an id stays for at least four minutes: longer than any proof is valid, with or without a nonce. */
const GENERATIONS = 5;
/** About 150 MB. An instance on two cores checks fewer proofs in five minutes. */
const MAX_IDS = 2_000_000;

/** For instances that share a store: it knows the proofs of all runs. */
export const createSharedReplays = (once: Once): ProofReplays => ({
  run: '',
  knownSince: Number.NEGATIVE_INFINITY,
  take: (id) => once.take(`dpop-proof/${id}`, GENERATION_MS * GENERATIONS),
});

const RUN_BEFORE = 'dpop/run-before';

/**
 * For the only instance of a store. It keeps the ids in memory: a row of the store for each proof would cost each request a
 * transaction (docs/decisions/0025-proofs-in-memory.md). So after a restart each client needs a nonce of the new run.
 */
export const openEmbeddedReplays = async (store: Store, now: () => number): Promise<ProofReplays> => {
  const ranBefore = (await store.get(RUN_BEFORE)) !== undefined;
  if (!ranBefore) await store.put(RUN_BEFORE, true);
  /** Newest first. */
  let generations = [new Set<string>()];
  let begun = now();
  const newest = (): Set<string> => {
    const [first = new Set<string>()] = generations;
    if (now() - begun < GENERATION_MS) return first;
    const added = new Set<string>();
    generations = [added, ...generations].slice(0, GENERATIONS);
    begun = now();
    return added;
  };
  return {
    run: randomUUID(),
    knownSince: ranBefore ? now() + PROOF_AGE_MS : Number.NEGATIVE_INFINITY,
    async take(id) {
      const ids = newest();
      if (generations.some((each) => each.has(id))) return false;
      if (generations.reduce((sum, { size }) => sum + size, 0) >= MAX_IDS)
        throw new StoreUnavailable('Too many DPoP proofs were used within minutes.');
      ids.add(id);
      return true;
    },
  };
};
