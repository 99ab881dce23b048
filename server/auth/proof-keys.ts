import { calculateJwkThumbprint, EmbeddedJWK, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';
import { setBounded } from '../base/bounded-map.ts';

/** The key in the header of a proof, and its thumbprint (RFC 7638). */
export type ProofKey = { key: CryptoKey; thumbprint: string };

/**
 * Keys of DPoP proofs. A client signs all proofs with one key, and importing it costs as much as verifying a signature. The
 * cache holds public keys only, by all members that identify them.
 */
export type ProofKeys = {
  /** Rejects with an error of `jose` for a header without a public key. */
  of(header: JWTHeaderParameters): Promise<ProofKey>;
};

const MAX_KEYS = 10_000;
/** Of an Ed25519 or P-256 key as text. Longer ones are none, and would fill the memory. */
const MAX_LENGTH = 300;

export const createProofKeys = (): ProofKeys => {
  const known = new Map<string, ProofKey>();
  return {
    async of(header) {
      const { jwk, alg } = header;
      const name = jwk === undefined ? '' : JSON.stringify([alg, jwk]);
      const found = known.get(name);
      if (found) return found;
      // Checks that the key is public.
      const key = await EmbeddedJWK(header);
      if (jwk === undefined || name.length > MAX_LENGTH) throw new errors.JWTInvalid('The proof has no usable key.');
      const created = { key, thumbprint: await calculateJwkThumbprint(jwk) };
      setBounded(known, name, created, MAX_KEYS);
      return created;
    },
  };
};
