import { afterAll, expect, test } from 'vitest';
import { createSealer, sealedWorker } from '../../../server/kit/index.ts';
import { checkedEmbedders } from '../../../server/worker/vault-document.ts';
import { temporaryDir } from '../support/start.ts';

const VAULT = 'https://vault.example.com';
const APP = 'https://app.example.com';
const CONFIG = {
  api: [{ origin: 'self', path: '/api/' }],
  whoami: '/api/me',
  signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
  sockets: [],
} as const;

const folder = temporaryDir();
afterAll(() => folder.remove());

const open = async (
  options: Partial<Parameters<typeof sealedWorker>[0]>,
  path = '/keeper-vault.html',
): Promise<Response> => {
  const sealer = createSealer({ keys: ['k'.repeat(32)] });
  const worker = sealedWorker({ sealer, config: CONFIG, files: folder.dir, ...options });
  const headers = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' };
  return worker.fetch(new Request(VAULT + path, { headers }), () => new Response(null, { status: 404 }));
};

const policyOf = (response: Response): string => response.headers.get('content-security-policy') ?? '';

test.each([
  ['with the headers of the kit', {}],
  ['with headers of the site’s own', { headers: false }],
] as const)('the vault’s document may be framed by the listed origins only, %s', async (_name, more) => {
  const response = await open({ vault: { embedders: [APP, 'https://shop.example.com'] }, ...more });
  expect(response.status).toBe(200);
  expect(policyOf(response)).toContain(`; frame-ancestors ${APP} https://shop.example.com; `);
  expect(policyOf(response)).toContain("script-src 'self'");
  expect(response.headers.get('x-frame-options')).toBeNull();
  expect(response.headers.get('cross-origin-resource-policy')).toBe('same-site');
  expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  expect(response.headers.get('cache-control')).toBe('no-store');
  // A frame may be the first document of this origin, and its worker needs the seal.
  expect(response.headers.get('set-cookie')).toMatch(/^__Host-Http-keeper-install=/);
  const text = await response.text();
  expect(text).toContain(
    JSON.stringify({ embedders: [APP, 'https://shop.example.com'], worker: '/keeper-sw.js', api: CONFIG.api }),
  );
  expect(text).not.toMatch(/<script(?![^>]*(?: src=| type="application\/json"))/);
});

test.each([
  ['no vault', {}],
  ['a vault for no one', { vault: { embedders: [] } }],
] as const)('a site with %s has no such document', async (_name, options) => {
  expect((await open(options)).status).toBe(404);
});

test('all other documents of a vault refuse frames', async () => {
  const response = await open({ vault: { embedders: [APP] } }, '/');
  expect(policyOf(response)).toContain("frame-ancestors 'none'");
  expect(response.headers.get('x-frame-options')).toBe('DENY');
});

test('settings cannot close the element that holds them', async () => {
  const api = [{ origin: 'self', path: '/</script><script>alert(1)</script>' }];
  const text = await (await open({ vault: { embedders: [APP] }, config: { ...CONFIG, api } })).text();
  expect(text).not.toContain('</script><script>alert');
});

test.each([
  '*',
  "'self'",
  'https://app.example.com/',
  'app.example.com',
  'https://*.example.com',
  'null',
  'https://a; script-src *',
])('refuses %s as an embedder', (embedder) => {
  expect(() => checkedEmbedders([embedder])).toThrow("The vault's embedders must be origins");
});
