import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BARE_HEADERS, refusal, securityHeaders, workerPolicy } from '../../../server/http/headers.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

const SELF = 'https://app.test';

describe('the header preset', () => {
  const policy = (preset = {}): string => securityHeaders(SELF, preset)['content-security-policy'] ?? '';

  test('allows workers by their exact paths, where they are named [worker-src-exact]', () => {
    expect(policy()).toContain("worker-src 'self';");
    expect(policy({ workers: ['/sw.js', '/keeper-pulse.js'] })).toContain(
      'worker-src https://app.test/sw.js https://app.test/keeper-pulse.js;',
    );
  });

  test('enforces Trusted Types, unless told not to', () => {
    expect(policy()).toContain("require-trusted-types-for 'script'; trusted-types lit-html session-keeper");
    expect(policy({ trustedTypes: ['mine'] })).toContain('trusted-types mine');
    expect(policy({ trustedTypes: false })).not.toContain('trusted-types');
  });

  test('lets page and worker talk to the same places, sockets included [connect-src-both]', () => {
    const connects = "connect-src 'self' wss://app.test https://id.test";
    expect(policy({ connect: ['https://id.test'] })).toContain(connects);
    expect(workerPolicy(SELF, ['https://id.test'])).toContain(connects);
  });

  test('adds what only https can bear when told so', () => {
    expect(securityHeaders(SELF)['strict-transport-security']).toBeUndefined();
    expect(securityHeaders(SELF, { https: true })).toMatchObject({
      'strict-transport-security': 'max-age=63072000',
      'content-security-policy': expect.stringContaining('upgrade-insecure-requests') as unknown,
    });
  });

  test('a refusal is a whole answer, with the headers that errors need', () => {
    const [status, ...lines] = refusal({ code: 'HPE_HEADER_OVERFLOW' }).split('\r\n');
    expect(status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    for (const [name, value] of Object.entries(BARE_HEADERS)) expect(lines).toContain(`${name}: ${value}`);
    expect(refusal({ code: 'ECONNRESET' })).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('every answer of the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** As it is on the wire: what Node's own client would refuse to send is part of the test. */
  const ask = async (head: string): Promise<string> => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    await once(socket, 'connect');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('error', () => undefined);
    socket.write(head);
    await once(socket, 'close');
    return text;
  };
  const get = (path: string, header = 'Accept: */*', host = 'localhost'): Promise<string> =>
    ask([`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', header, '', ''].join('\r\n'));

  test.each<[string, number, () => Promise<string>]>([
    ['headers that are too long', 431, () => get('/auth/callback?code=x', `Cookie: a=${'x'.repeat(40_000)}`)],
    ['an address that is too long', 431, () => get(`/auth/callback?code=${'x'.repeat(40_000)}`)],
    ['what is not HTTP', 400, () => ask('NONSENSE\r\n\r\n')],
    ['another host', 421, () => get('/auth/callback?code=x', 'Accept: */*', 'evil.test')],
    ['a missing page', 404, () => get('/nothing.js')],
    ['an API without authorization', 401, () => get('/api/v1/auth/whoami')],
    ['an API that is not there', 404, () => get('/api/v1/nothing')],
    ['a lab that is there', 200, () => get('/lab/stats')],
  ])('%s (%i) cannot be framed, nor read by its opener', async (_name, status, answer) => {
    const text = await answer();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toMatch(/x-frame-options: DENY/i);
    expect(text).toMatch(/frame-ancestors 'none'/i);
    expect(text).toMatch(/cross-origin-opener-policy: same-origin/i);
    expect(text).toMatch(/referrer-policy: no-referrer/i);
  });
});
