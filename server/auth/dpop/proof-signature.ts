import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { setBounded } from '../../base/bounded-map.ts';
import { isObject, own, parseJson, stringAt } from '../../../src/protocol/schema/json.ts';

/** Signature algorithms that browsers generate keys for quickly. The embedded provider accepts the same. */
export const DPOP_ALGORITHMS = ['ES256', 'Ed25519'];

/** A proof whose signature is valid. `thumbprint`: of the key in its header (RFC 7638). */
export type SignedProof = { payload: unknown; thumbprint: string };

export type ProofSignatures = {
  /** Resolves with `undefined` for any text that is not a proof with a valid signature (RFC 9449 §4.3, points 2 to 7). */
  verify(proof: string): Promise<SignedProof | undefined>;
};

type Signer = { key: KeyObject; digestName: 'sha256' | null; thumbprint: string };

/** The compact form of RFC 7515 §7.1: header, payload, and signature. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const MAX_SIGNERS = 10_000;
/** A header with an Ed25519 or P-256 key is shorter. Longer ones would fill the memory. */
const MAX_HEADER_LENGTH = 600;
/** Both algorithms have signatures of this size (RFC 7518 §3.4, RFC 8032 §5.1.6). */
const SIGNATURE_BYTES = 64;

const decode = (part: string): unknown => parseJson(Buffer.from(part, 'base64url').toString());

/** Only the public members of a key that one of the algorithms uses. */
const publicKeyIn = (alg: string, jwk: unknown): JWK | undefined => {
  // RFC 9449 §4.3, point 7: a proof must not carry a private key.
  if (!isObject(jwk) || own(jwk, 'd') !== undefined) return undefined;
  const [kty, crv, x, y] = ['kty', 'crv', 'x', 'y'].map((name) => stringAt(jwk, name));
  if (x === undefined) return undefined;
  if (alg === 'ES256' && kty === 'EC' && crv === 'P-256' && y !== undefined) return { kty, crv, x, y };
  return alg === 'Ed25519' && kty === 'OKP' && crv === 'Ed25519' ? { kty, crv, x } : undefined;
};

const readSigner = async (header: string): Promise<Signer | undefined> => {
  const fields = decode(header);
  if (header.length > MAX_HEADER_LENGTH || !isObject(fields)) return undefined;
  const type = stringAt(fields, 'typ')?.toLowerCase();
  if (type !== 'dpop+jwt' && type !== 'application/dpop+jwt') return undefined;
  // RFC 7515 §4.1.11: this server knows no extension, so it must refuse a header that says one is critical.
  if (own(fields, 'crit') !== undefined) return undefined;
  const alg = stringAt(fields, 'alg') ?? '';
  const jwk = publicKeyIn(alg, own(fields, 'jwk'));
  if (!jwk) return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return { key, digestName: alg === 'ES256' ? 'sha256' : null, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch {
    // The numbers are not a point of the curve.
    return undefined;
  }
};

const isSignedBy = ({ key, digestName }: Signer, content: Buffer, signature: Buffer): Promise<boolean> =>
  new Promise((done, fail) => {
    verify(digestName, content, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, isValid) =>
      error ? fail(error) : done(isValid),
    );
  });

/**
 * Verifies proofs with `node:crypto`: a proof of `jose` costs the event loop three times as much, and each request has one
 * (`docs/decisions/0024-proofs-without-jose.md`). A client signs all its proofs with one key under one header, so the cache
 * goes by the header's text.
 */
export const createProofSignatures = (): ProofSignatures => {
  const signers = new Map<string, Signer>();
  return {
    async verify(proof) {
      const [, header, payload, signed] = COMPACT.exec(proof) ?? [];
      if (header === undefined || payload === undefined || signed === undefined) return undefined;
      const known = signers.get(header);
      const signer = known ?? (await readSigner(header));
      const signature = Buffer.from(signed, 'base64url');
      if (!signer || signature.length !== SIGNATURE_BYTES) return undefined;
      if (!(await isSignedBy(signer, Buffer.from(`${header}.${payload}`), signature))) return undefined;
      // Only a key that signed something takes a place in the cache.
      if (!known) setBounded(signers, header, signer, MAX_SIGNERS);
      return { payload: decode(payload), thumbprint: signer.thumbprint };
    },
  };
};
