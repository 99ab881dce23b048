import type { ServerClock } from '../base/server-clock.ts';
import { digest, hmac } from '../base/crypto.ts';
import { createProofSignatures } from './proof-signature.ts';
import { number, object, string, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { StoreUnavailable } from '../base/store.ts';
import type { Keyring, Storage } from '../storage/storage.ts';
import { setBounded } from '../base/bounded-map.ts';

/** Maximum age of a proof without a nonce. A client whose clock is off retries with the server's nonce. */
const PROOF_AGE_MS = 60_000;
/** A nonce changes with each step. The server also accepts the previous and the next one. */
const NONCE_STEP_MS = 60_000;
/** Longer than any proof is valid, with or without a nonce. */
const REPLAY_MEMORY_MS = 4 * NONCE_STEP_MS;
const MAX_ID_LENGTH = 256;
/** Nonces in memory: of this step, the ones beside it, and those of a skewed clock. */
const MAX_NONCES = 8;
/** Proofs that this process remembers while the store cannot write. */
const MAX_UNSTORED = 100_000;

/** `thumbprint` is the `jkt` to which the access token must be bound (RFC 9449 §6.1). */
export type DpopResult =
  | { ok: true; thumbprint: string }
  | { ok: false; error: 'invalid_dpop_proof' | 'use_dpop_nonce'; detail: string };

export type DpopChecker = {
  /** `urls`: all URLs of this resource, because a dev server or a proxy may serve it under another origin. */
  check(request: { proof: string; method: string; urls: readonly string[]; accessToken: string }): Promise<DpopResult>;
  /** For the `DPoP-Nonce` header (RFC 9449 §9). */
  nonce(): string;
};

const CLAIMS = object({
  jti: string,
  htm: string,
  htu: string,
  iat: number,
  ath: string,
  nonce: optional(string),
  exp: optional(number),
  nbf: optional(number),
});
type Claims = Infer<typeof CLAIMS>;

const refused = (detail: string): DpopResult => ({ ok: false, error: 'invalid_dpop_proof', detail });

/** RFC 9449 §4.3: compared without query and fragment. */
const bareUrl = (value: string): string | undefined => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url && `${url.origin}${url.pathname}`;
};

const isUrlOf = (htu: string, urls: readonly string[]): boolean => {
  if (urls.includes(htu)) return true;
  const bare = bareUrl(htu);
  return bare !== undefined && urls.some((url) => bareUrl(url) === bare);
};

export const createDpopChecker = (services: {
  storage: Pick<Storage, 'store' | 'once'>;
  clock: ServerClock;
  keys: Keyring;
}): DpopChecker => {
  const { clock, keys } = services;
  const { store, once } = services.storage;
  const signatures = createProofSignatures();
  /** The nonces of the last steps: each request needs three, and one for its response. */
  const nonces = new Map<string, string>();
  const nonceAt = (step: number, key: Buffer): string => {
    const name = `${step} ${keys().indexOf(key)}`;
    const known = nonces.get(name);
    if (known !== undefined) return known;
    const nonce = hmac(key, `dpop-nonce ${step}`);
    setBounded(nonces, name, nonce, MAX_NONCES);
    return nonce;
  };
  const step = (): number => Math.floor(clock.now() / NONCE_STEP_MS);
  // Each response shows the nonce, so this comparison has no secret to protect.
  const isKnownNonce = (nonce: string): boolean =>
    keys().some((key) => [0, -1, 1].some((offset) => nonceAt(step() + offset, key) === nonce));

  /** Proofs that the store could not keep. A full disk must not fail the requests that only read. */
  const unstored = new Map<string, true>();

  /** Returns `true` once for each proof, also when two requests carry it at the same time. */
  const isFirstUse = async (jti: string, thumbprint: string): Promise<boolean> => {
    const seen = `dpop-proof/${digest(`${thumbprint} ${jti}`)}`;
    try {
      return (await once.take(seen, REPLAY_MEMORY_MS)) && !unstored.has(seen);
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (unstored.has(seen) || (await store.get(seen)) !== undefined) return false;
      setBounded(unstored, seen, true, MAX_UNSTORED);
      return true;
    }
  };

  const checkClaims = (claims: Claims, request: Parameters<DpopChecker['check']>[0]): DpopResult | undefined => {
    if (claims.jti.length > MAX_ID_LENGTH) return refused('jti too long');
    if (claims.htm !== request.method) return refused('htm mismatch');
    if (!isUrlOf(claims.htu, request.urls)) return refused('htu mismatch');
    if (claims.ath !== digest(request.accessToken)) return refused('ath mismatch');
    // RFC 7519 §4.1: a proof needs no such claim, and must not be accepted outside of one.
    if (clock.now() >= (claims.exp ?? Infinity) * 1000) return refused('exp is over');
    if (clock.now() < (claims.nbf ?? 0) * 1000) return refused('nbf is not reached');
    if (claims.nonce !== undefined) {
      return isKnownNonce(claims.nonce)
        ? undefined
        : { ok: false, error: 'use_dpop_nonce', detail: 'unknown or old nonce' };
    }
    const age = Math.abs(clock.now() - claims.iat * 1000);
    return age <= PROOF_AGE_MS ? undefined : { ok: false, error: 'use_dpop_nonce', detail: 'iat is not recent' };
  };

  return {
    nonce: () => nonceAt(step(), keys()[0]),
    async check(request) {
      const proof = await signatures.verify(request.proof);
      const claims = proof && CLAIMS.read(proof.payload);
      if (!claims) return refused('not a valid proof');
      const failure = checkClaims(claims, request);
      if (failure) return failure;
      const first = await isFirstUse(claims.jti, proof.thumbprint);
      return first ? { ok: true, thumbprint: proof.thumbprint } : refused('proof was used before');
    },
  };
};
