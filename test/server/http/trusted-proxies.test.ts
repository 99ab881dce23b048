import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createTrustedProxies, forwardedAddress, LOOPBACK_PROXIES } from '../../../server/http/trusted-proxies.ts';

const request = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  // @ts-expect-error only these two properties matter here
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } });

const isTrusted = createTrustedProxies(['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']);
const clientOf = (peer: string, forwarded?: string) => forwardedAddress(request(peer, forwarded), isTrusted);

describe('the address of a client', () => {
  test.each([
    ['comes from the peer without a header', '10.1.1.1', undefined, '10.1.1.1'],
    ['comes from the header of a trusted proxy', '10.1.1.1', '192.0.2.7', '192.0.2.7'],
    ['ignores the header of a stranger', '203.0.113.1', '192.0.2.7', '203.0.113.1'],
    ['is the last one that no trusted proxy has', '10.1.1.1', '1.2.3.4, 192.0.2.7, 10.2.2.2', '192.0.2.7'],
    ['is the first one when all are trusted', '10.1.1.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
    ['may be an IPv6 address behind an IPv6 proxy', '2001:db8::1', '2001:4860::8', '2001:4860::8'],
    ['may have a port', '10.1.1.1', '192.0.2.7:4711', '192.0.2.7'],
    ['may have brackets and a port', '10.1.1.1', '[2001:4860::8]:4711', '2001:4860::8'],
    ['may be mapped to IPv6', '::ffff:127.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
    ['is that of the proxy when the header is no address', '10.1.1.1', 'unknown', '10.1.1.1'],
    ['is that of the last known hop before one that is no address', '10.1.1.1', 'x, 10.2.2.2', '10.2.2.2'],
  ])('%s', (_title, peer, forwarded, expected) => {
    expect(clientOf(peer, forwarded)).toBe(expected);
  });
});

describe('the list of proxies', () => {
  test('contains loopback by default', () => {
    const trusted = createTrustedProxies(LOOPBACK_PROXIES);
    expect(['127.0.0.1', '127.8.8.8', '::1', '10.0.0.1', 'x'].map(trusted)).toEqual([true, true, true, false, false]);
  });

  test.each(['', 'proxy', '10.0.0.0/x', '10.0.0.0/33', '10.0.0.0/8/8', '::1/129'])('refuses "%s"', (network) => {
    expect(() => createTrustedProxies([network])).toThrow(RangeError);
  });
});
