import { describe, expect, test } from 'vitest';
import { allowScript, injectScript } from '../../../lab/proxy/http/documents.ts';
import { closeFrame, createFrameReader } from '../../../lab/proxy/http/frames.ts';
import { credentialsIn, redactText } from '../../../lab/proxy/http/redact.ts';

describe('a script for a document', () => {
  test.each([
    ['<html><head><title>', '<html><head><script>x</script><title>'],
    ['<!doctype html><p>', '<!doctype html><script>x</script><p>'],
    ['<p>', '<script>x</script><p>'],
  ])('comes before all others in %s', (html, expected) => {
    expect(injectScript(html, 'x')).toBe(expected);
  });

  const HASH = "'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='";
  test.each([
    ["default-src 'self'", `default-src 'self'; script-src 'self' ${HASH}`],
    ["script-src 'none'; img-src *", `script-src ${HASH}; img-src *`],
    ["script-src 'nonce-a' 'unsafe-inline'", `script-src 'nonce-a' 'unsafe-inline' ${HASH}`],
    ["script-src 'unsafe-inline'", "script-src 'unsafe-inline'"],
    ['img-src *', 'img-src *'],
  ])('is allowed by the policy %s', (policy, expected) => {
    expect(allowScript(policy, 'x')).toBe(expected);
  });
});

describe('a secret', () => {
  test.each([
    '{"access_token":"s3cret"}',
    '{"refreshToken": "s3cret"}',
    'https://a/?code=s3cret&x=1',
    'Bearer s3cret',
    'eyJhbGciOiJFUzI1NiJ9.s3cret.x',
  ])('is not in the report of %s', (text) => {
    expect(redactText(text)).not.toContain('s3cret');
  });

  test('leaves other text as it is', () => {
    expect(redactText('{"name":"me","page":"2"} https://a/?page=2')).toBe('{"name":"me","page":"2"} https://a/?page=2');
  });

  test('is a bearer token, a ticket in the address, and a ticket among the subprotocols', () => {
    const headers = { authorization: 'Bearer a', 'sec-websocket-protocol': `keeper.1, ${'t'.repeat(30)}` };
    expect(credentialsIn(new URL('ws://a/?ticket=b&page=2'), headers)).toEqual(['Bearer a', 'b', 't'.repeat(30)]);
  });
});

describe('a reader of frames', () => {
  const data = Buffer.concat([Buffer.from([0x81, 3]), Buffer.from('abc'), closeFrame(4001)]);

  test('finds all frames in one piece, and byte by byte', () => {
    const whole = createFrameReader()(data);
    const read = createFrameReader();
    const single = [...data].flatMap((byte) => read(Buffer.from([byte])));
    const expected = [
      { opcode: 1, closeCode: undefined },
      { opcode: 8, closeCode: 4001 },
    ];
    expect(whole).toEqual(expected);
    expect(single).toEqual(expected);
  });
});
