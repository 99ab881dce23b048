import { EmbeddedJWK, importJWK, jwtVerify, type JWTPayload } from 'jose';
import { stringAt } from '../../../src/protocol/schema/json.ts';
import { object, string, type Infer } from '../../../src/protocol/schema/schema.ts';
import { either, oneOf } from '../../../src/protocol/schema/schema-types.ts';

/** The public key of one device, as a JSON Web Key (RFC 7517). No other field of the browser's key is kept. */
export const DEVICE_KEY = either(
  object({ alg: oneOf('ES256'), jwk: object({ kty: oneOf('EC'), crv: oneOf('P-256'), x: string, y: string }) }),
  object({ alg: oneOf('RS256'), jwk: object({ kty: oneOf('RSA'), n: string, e: string }) }),
);
export type DeviceKey = Infer<typeof DEVICE_KEY>;

/** What a verified proof shows: the browser signed this challenge with this key. */
export type DeviceProof = { challenge: string; key: DeviceKey };

/** https://w3c.github.io/webappsec-dbsc/#format-jwt */
const TYPE = 'dbsc+jwt';
export const PROOF_ALGORITHMS = ['ES256', 'RS256'];

const challengeOf = (payload: JWTPayload): string => stringAt(payload, 'jti') ?? '';

/** A proof whose header has the new key. `undefined`: it does not verify, or is none. */
export const verifyRegistration = async (jwt: string): Promise<DeviceProof | undefined> => {
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, { algorithms: PROOF_ALGORITHMS, typ: TYPE });
    const key = DEVICE_KEY.read(protectedHeader);
    return key && { challenge: challengeOf(payload), key };
  } catch {
    return undefined;
  }
};

/** The challenge of a proof that this key has signed. A key in the proof itself counts for nothing. */
export const verifyRenewal = async (jwt: string, { alg, jwk }: DeviceKey): Promise<string | undefined> => {
  try {
    const { payload } = await jwtVerify(jwt, await importJWK(jwk, alg), { algorithms: [alg], typ: TYPE });
    return challengeOf(payload);
  } catch {
    return undefined;
  }
};
