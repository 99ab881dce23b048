import type { ServerClock } from '../../base/server-clock.ts';
import { digest, hmac } from '../../base/crypto.ts';
import { createProofSignatures } from './proof-signature.ts';
import { number, object, string, type Infer } from '../../../src/protocol/schema/schema.ts';
import { optional } from '../../../src/protocol/schema/schema-types.ts';
import { PROOF_AGE_MS, type ProofReplays } from './proof-replays.ts';
import type { Keyring } from '../../storage/storage.ts';
import { setBounded } from '../../base/bounded-map.ts';

/** A nonce changes with each step. The server also accepts the previous and the next one. */
const NONCE_STEP_MS = 60_000;
const MAX_ID_LENGTH = 256;
/** Nonces in memory: of this step, the ones beside it, and those of a skewed clock. */
const MAX_NONCES = 8;

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
  replays: ProofReplays;
  clock: ServerClock;
  keys: Keyring;
}): DpopChecker => {
  const { clock, keys, replays } = services;
  const signatures = createProofSignatures();
  /** The nonces of the last steps: each request needs three, and one for its response. */
  const nonces = new Map<string, string>();
  const nonceAt = (step: number, key: Buffer): string => {
    const name = `${step} ${keys().indexOf(key)}`;
    const known = nonces.get(name);
    if (known !== undefined) return known;
    const nonce = hmac(key, `dpop-nonce ${replays.run} ${step}`);
    setBounded(nonces, name, nonce, MAX_NONCES);
    return nonce;
  };
  const step = (): number => Math.floor(clock.now() / NONCE_STEP_MS);
  // Each response shows the nonce, so this comparison has no secret to protect.
  const isKnownNonce = (nonce: string): boolean =>
    keys().some((key) => [0, -1, 1].some((offset) => nonceAt(step() + offset, key) === nonce));

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
    // A client whose clock is off retries with the server's nonce.
    const issued = claims.iat * 1000;
    const isRecent = Math.abs(clock.now() - issued) <= PROOF_AGE_MS && issued > replays.knownSince;
    return isRecent ? undefined : { ok: false, error: 'use_dpop_nonce', detail: 'iat is not recent' };
  };

  return {
    nonce: () => nonceAt(step(), keys()[0]),
    async check(request) {
      const proof = await signatures.verify(request.proof);
      const claims = proof && CLAIMS.read(proof.payload);
      if (!claims) return refused('not a valid proof');
      const failure = checkClaims(claims, request);
      if (failure) return failure;
      const isFirstUse = await replays.take(digest(`${proof.thumbprint} ${claims.jti}`));
      return isFirstUse ? { ok: true, thumbprint: proof.thumbprint } : refused('proof was used before');
    },
  };
};
