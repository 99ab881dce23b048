import { createHash, KeyObject, randomUUID, sign } from 'node:crypto';
import { OidcClient } from '../../test/server/support/agent.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A DPoP proof (RFC 9449 §4.2). */
const proofOf = (key: KeyObject, jwk: object, claims: object): string => {
  const content = `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
};

/** Credentials of both kinds: the headers of a bearer request, and of many DPoP requests, each with a proof of its own. */
export const signInForLoad = async (url: string, issuer: string) => {
  const login = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'user0', password: 'user0' }),
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const client = await OidcClient.create({ url, issuer });
  if (!client.keys) throw new Error('The client has no DPoP key.');
  const privateKey = KeyObject.from(client.keys.privateKey);
  const { kty, crv, x, y } = KeyObject.from(client.keys.publicKey).export({ format: 'jwk' });
  const { access } = await client.signIn('user0', 'user0');
  const ath = createHash('sha256').update(access).digest('base64url');
  return {
    bearer: { authorization: `Bearer ${token}` },
    proofs: async (htu: string, count: number): Promise<Record<string, string>[]> => {
      const first = await fetch(htu, { headers: { authorization: `DPoP ${access}`, dpop: 'x' } });
      const nonce = first.headers.get('dpop-nonce');
      const iat = Math.floor(Date.now() / 1_000);
      return Array.from({ length: count }, () => {
        const claims = { jti: randomUUID(), htm: 'GET', htu, iat, ath, nonce };
        return { authorization: `DPoP ${access}`, dpop: proofOf(privateKey, { kty, crv, x, y }, claims) };
      });
    },
  };
};
