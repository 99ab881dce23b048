import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BARE_HEADERS, refusal, securityHeaders, workerPolicy } from '../../../server/http/headers.ts';
import { startTestServer, type TestServer } from '../support/start.ts';

const SELF = 'https://app.test';

describe('the header preset', () => {
  const policy = (preset = {}): string => securityHeaders(SELF, preset)['content-security-policy'] ?? '';

  test('allows workers by their exact paths, if given [worker-src-exact]', () => {
    expect(policy()).toContain("worker-src 'self';");
    expect(policy({ workers: ['/sw.js', '/keeper-pulse.js'] })).toContain(
      'worker-src https://app.test/sw.js https://app.test/keeper-pulse.js;',
    );
  });

  test('enforces Trusted Types unless disabled', () => {
    expect(policy()).toContain("require-trusted-types-for 'script'; trusted-types lit-html session-keeper");
    expect(policy({ trustedTypes: ['mine'] })).toContain('trusted-types mine');
    expect(policy({ trustedTypes: false })).not.toContain('trusted-types');
  });

  test('lets page and worker connect to the same origins, with sockets [connect-src-both]', () => {
    const connects = "connect-src 'self' wss://app.test https://id.test";
    expect(policy({ connect: ['https://id.test'] })).toContain(connects);
    expect(workerPolicy(SELF, ['https://id.test'])).toContain(connects);
  });

  test('adds HSTS and upgrade-insecure-requests with the option https', () => {
    expect(securityHeaders(SELF)['strict-transport-security']).toBeUndefined();
    expect(securityHeaders(SELF, { https: true })).toMatchObject({
      'strict-transport-security': 'max-age=63072000',
      'content-security-policy': expect.stringContaining('upgrade-insecure-requests') as unknown,
    });
  });

  test('writes a complete error response with the security headers', () => {
    const [status, ...lines] = refusal({ code: 'HPE_HEADER_OVERFLOW' }).split('\r\n');
    expect(status).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    for (const [name, value] of Object.entries(BARE_HEADERS)) expect(lines).toContain(`${name}: ${value}`);
    expect(refusal({ code: 'ECONNRESET' })).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('every response of the server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  /** Sends raw bytes, because Node's HTTP client refuses to send some of them. */
  const send = async (head: string): Promise<string> => {
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
    send([`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', header, '', ''].join('\r\n'));

  test.each<[string, number, () => Promise<string>]>([
    ['too long headers', 431, () => get('/auth/callback?code=x', `Cookie: a=${'x'.repeat(40_000)}`)],
    ['a too long URL', 431, () => get(`/auth/callback?code=${'x'.repeat(40_000)}`)],
    ['invalid HTTP', 400, () => send('NONSENSE\r\n\r\n')],
    ['another host', 421, () => get('/auth/callback?code=x', 'Accept: */*', 'evil.test')],
    ['a missing page', 404, () => get('/nothing.js')],
    ['an API request without authorization', 401, () => get('/api/v1/auth/whoami')],
    ['an unknown API path', 404, () => get('/api/v1/nothing')],
    ['a fault route', 200, () => get('/lab/stats')],
  ])('has the headers against framing and openers: %s (%i)', async (_name, status, respond) => {
    const text = await respond();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toMatch(/x-frame-options: DENY/i);
    expect(text).toMatch(/frame-ancestors 'none'/i);
    expect(text).toMatch(/cross-origin-opener-policy: same-origin/i);
    expect(text).toMatch(/referrer-policy: no-referrer/i);
  });
});
