import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createProofSignatures, DPOP_ALGORITHMS } from '../../../../server/auth/dpop/proof-signature.ts';

const CLAIMS = { jti: 'one', htm: 'GET', htu: 'https://app.example/api', ath: 'hash' };

type Header = { typ?: string; jwk?: object; crit?: string[]; alg?: string };

const signed = async (alg: string, header: Header = {}) => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  const { crit, ...fields } = { alg, typ: 'dpop+jwt', jwk, ...header };
  const signer = new SignJWT(CLAIMS).setProtectedHeader({ ...fields, ...(crit && { crit, [crit[0] ?? '']: 1 }) });
  const options = crit && { crit: Object.fromEntries(crit.map((name) => [name, true])) };
  return { proof: await signer.sign(privateKey, options), jwk, privateKey };
};

const { verify } = createProofSignatures();

/** What the library says, which this code stands for. */
const isValidByLibrary = (proof: string): Promise<boolean> =>
  jwtVerify(proof, EmbeddedJWK, { algorithms: DPOP_ALGORITHMS, typ: 'dpop+jwt' }).then(
    () => true,
    () => false,
  );

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the signature of a proof', () => {
  test.each(DPOP_ALGORITHMS)('is accepted with %s, also for the second time', async (alg) => {
    const { proof, jwk } = await signed(alg);
    const expected = { payload: CLAIMS, thumbprint: await calculateJwkThumbprint(jwk) };
    expect(await verify(proof)).toEqual(expected);
    expect(await verify(proof)).toEqual(expected);
  });

  test('is refused with a private key, a symmetric key, or no key in the header', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(privateKey);
    const sign = (key: object | undefined) =>
      new SignJWT(CLAIMS)
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', ...(key && { jwk: key }) })
        .sign(privateKey);
    const { d: _private, ...open } = jwk;
    expect(await verify(await sign(open))).toBeDefined();
    expect(await verify(await sign(jwk))).toBeUndefined();
    expect(await verify(await sign({ kty: 'oct', k: 'AAAA' }))).toBeUndefined();
    expect(await verify(await sign(undefined))).toBeUndefined();
    expect(await verify(await sign({ ...open, x: open.y }))).toBeUndefined();
  });

  test('is refused when the header says that an unknown extension is critical', async () => {
    const { proof } = await signed('ES256', { crit: ['urn:extension'] });
    expect(await verify(proof)).toBeUndefined();
    expect(await isValidByLibrary(proof)).toBe(false);
  });

  test('is refused with an algorithm that is not on the list', async () => {
    const { proof } = await signed('ES384');
    expect(await verify(proof)).toBeUndefined();
    const [, payload = ''] = proof.split('.');
    for (const alg of ['none', 'HS256', 'RS256'])
      expect(await verify(`${encode({ alg, typ: 'dpop+jwt' })}.${payload}.AAAA`)).toBeUndefined();
  });

  test('is refused when the header is longer than that of any key', async () => {
    const { proof } = await signed('ES256', { typ: 'dpop+jwt', alg: 'ES256', ...{ note: 'x'.repeat(600) } });
    expect(await isValidByLibrary(proof)).toBe(true);
    expect(await verify(proof)).toBeUndefined();
  });

  test('gets the verdict of jose for each altered proof', async () => {
    const proofs = await Promise.all(DPOP_ALGORITHMS.map(async (alg) => (await signed(alg)).proof));
    // The signatures know the keys already, as they do for the second request of a client.
    await Promise.all(proofs.map(verify));
    const alteration = fc.record({
      proof: fc.constantFrom(...proofs),
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      remove: fc.nat(2),
      insert: fc.constantFrom('', 'A', '.', '=', '-', '\u{0}', '{', 'é'),
    });
    await fc.assert(
      fc.asyncProperty(alteration, async ({ proof, at, remove, insert }) => {
        const start = Math.floor(at * proof.length);
        const altered = proof.slice(0, start) + insert + proof.slice(start + remove);
        expect((await verify(altered)) !== undefined).toBe(await isValidByLibrary(altered));
      }),
      { numRuns: 300 },
    );
  });
});
