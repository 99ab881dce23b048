import { configOf, goodPlan, INSTALL_COOKIE, isWorkerFetch, script, SECRET, workerHeaders } from './site.ts';
import type { Plan } from './site.ts';
import { page, csp, worker, bare, without, type Row } from './spoil.ts';

const good = goodPlan();

const HASH = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const withText =
  (text: string): Plan['worker'] =>
  (_request, site) => ({ headers: workerHeaders(site), body: `${script(site)}\n${text}` });
const PARTS = `{const __PARTS__={"auth":{"url":"./keeper/part.js","integrity":"${HASH}"}};}`;
const SHELL = `[{"url":"/index.html","revision":"1","integrity":"${HASH}"}]`;

export const FILES: readonly Row[] = [
  [
    'worker-parts',
    'fail',
    'one missing',
    { worker: withText(PARTS), asset: bare(404) },
    /keeper\/part\.js answers 404/,
    /init --check/,
  ],
  ['worker-parts', 'fail', 'one of another build', { worker: withText(PARTS) }, /other bytes/, /one build/],
  ['pulse-script', 'warn', 'none', { pulse: bare(404) }, /keeper-pulse\.js answers 404/, /beside the worker/],
  ['pulse-script', 'warn', 'the start page', { pulse: good.page }, /is text\/html/, /beside the worker/],
  ['shell-unchanged', 'fail', 'a rewritten page', { worker: withText(SHELL) }, /other bytes/, /no-transform/],
  [
    'callback-scope',
    'fail',
    'a worker in a folder',
    {},
    /\/callback is outside the scope \/deep\//,
    /below \/deep\//,
    { worker: '/deep/sw.js' },
  ],
];

export const WORKER: readonly Row[] = [
  ['worker-reachable', 'fail', 'no script', { worker: bare(404) }, /404/, /--worker/],
  ['worker-reachable', 'fail', 'a redirect', { worker: bare(302) }, /302/, /before any rule that redirects/],
  [
    'worker-mime',
    'fail',
    'the start page',
    { worker: worker({ 'content-type': 'text/html' }) },
    /text\/html/,
    /start page/,
  ],
  [
    'worker-mime',
    'fail',
    'plain text',
    { worker: worker({ 'content-type': 'text/plain' }) },
    /text\/plain/,
    /text\/javascript/,
  ],
  ['worker-cache', 'warn', 'a day', { worker: worker({ 'cache-control': 'max-age=86400' }) }, /86400/, /no-store/],
  ['worker-scope', 'fail', 'a deep script', {}, /\/deep\//, /Service-Worker-Allowed/, { worker: '/deep/sw.js' }],
  [
    'worker-config',
    'warn',
    'nothing baked',
    { worker: (_r, site) => ({ headers: workerHeaders(site), body: 'self.x = 1;' }) },
    /first line/,
    /keepSession/,
  ],
  [
    'worker-config',
    'warn',
    'half a line',
    { worker: (_r, site) => ({ headers: workerHeaders(site), body: 'self.__SESSION_KEEPER__ = {"config":' }) },
    /first line/,
    /bake/,
  ],
  [
    'worker-config',
    'warn',
    'an incomplete configuration',
    { worker: (_r, site) => ({ headers: workerHeaders(site), body: script(site, { signIn: {}, sockets: [] }) }) },
    /complete KeeperConfig/,
    /bake/,
  ],
  [
    'worker-policy',
    'warn',
    'none',
    { worker: worker({ 'content-security-policy': '' }) },
    /no content-security-policy/,
    /connect-src/,
  ],
  [
    'worker-policy',
    'fail',
    'the provider left out',
    { worker: worker({ 'content-security-policy': "connect-src 'self'" }) },
    /leaves out http/,
    /connect-src 'self' http/,
  ],
  [
    'seal-hidden',
    'fail',
    'a seal for every request',
    { worker: (_r, site) => ({ headers: workerHeaders(site), body: script(site, configOf(site), SECRET) }) },
    /Sec-Fetch-Dest: none/,
    /only for Sec-Fetch-Dest/,
  ],
  [
    'seal-hidden',
    'fail',
    'a seal by a header that pages can set',
    {
      worker: (request, site) => ({
        headers: workerHeaders(site),
        body: script(site, configOf(site), request.headers['service-worker'] ? SECRET : undefined),
      }),
    },
    /Sec-Fetch-Dest: empty/,
    /only for/,
  ],
  [
    'seal-kept',
    'fail',
    'a cookie that pages can set',
    {
      page: page({ 'set-cookie': INSTALL_COOKIE.replace('-Http', '').replace('HttpOnly; ', '') }),
      worker: (request, site) => ({
        headers: workerHeaders(site),
        body: script(site, configOf(site), isWorkerFetch(request) ? SECRET : undefined),
      }),
    },
    /install cookie is not/,
    /__Host-Http-/,
  ],
  [
    'seal-kept',
    'fail',
    'other bytes each time',
    {
      worker: (request, site) => ({
        headers: workerHeaders(site),
        body: script(site, configOf(site), isWorkerFetch(request) ? `${Math.random()}` : undefined),
      }),
    },
    /different scripts/,
    /durable/,
  ],
  [
    'seal-kept',
    'fail',
    'no refusal',
    {
      worker: (request, site) => {
        const first = good.worker(request, site);
        return first.status === 403 ? { headers: workerHeaders(site), body: script(site) } : first;
      },
    },
    /gets 200/,
    /403/,
  ],
];

export const DOCUMENTS: readonly Row[] = [
  [
    'page',
    'fail',
    'a redirect',
    { page: () => ({ status: 302, headers: { location: '/login' } }) },
    /302.*\/login/,
    /after any redirect/,
  ],
  [
    'csp-script',
    'fail',
    'no policy',
    { page: without('content-security-policy') },
    /no content-security-policy/,
    /script-src 'self'/,
  ],
  [
    'csp-script',
    'fail',
    'inline',
    { page: csp({ 'script-src': "'self' 'unsafe-inline'" }) },
    /unsafe-inline/,
    /hash or nonce/,
  ],
  ['csp-script', 'fail', 'any https', { page: csp({ 'script-src': "'self' https:" }) }, /allows https:/, /script-src/],
  [
    'csp-script',
    'warn',
    'eval',
    { page: csp({ 'script-src': "'self' 'unsafe-eval'" }) },
    /unsafe-eval/,
    /without eval/,
  ],
  [
    'csp-worker',
    'fail',
    'no workers',
    { page: csp({ 'worker-src': "'none'" }) },
    /forbids \/sw\.js/,
    /worker-src 'self'/,
  ],
  [
    'csp-worker',
    'warn',
    'no policy',
    { page: without('content-security-policy') },
    /nothing restricts/,
    /worker-src 'self'/,
  ],
  [
    'csp-frame',
    'fail',
    'no policy',
    { page: without('content-security-policy') },
    /nothing restricts frames/,
    /frame-src 'none'/,
  ],
  ['csp-frame', 'fail', 'any frame', { page: csp({ 'frame-src': 'http:' }) }, /admits http/, /without the provider/],
  [
    'frame-ancestors',
    'fail',
    'any site',
    { page: csp({ 'frame-ancestors': undefined }) },
    /any site/,
    /frame-ancestors 'none'/,
  ],
  [
    'frame-ancestors',
    'warn',
    'a partner',
    { page: csp({ 'frame-ancestors': 'https://partner.example' }) },
    /some other/,
    /frame-ancestors/,
  ],
  [
    'csp-connect',
    'warn',
    'anywhere',
    { page: csp({ 'connect-src': '*' }) },
    /connect-src is \*/,
    /connect-src 'self' http/,
  ],
  [
    'csp-connect',
    'fail',
    'without the provider',
    { page: csp({ 'connect-src': "'self'" }) },
    /leaves out http/,
    /Add http/,
  ],
  ['coop', 'fail', 'none', { page: without('cross-origin-opener-policy') }, /missing/, /same-origin/],
  ['nosniff', 'warn', 'none', { page: without('x-content-type-options') }, /^\/ lacks/, /nosniff/],
  ['referrer', 'warn', 'none', { page: without('referrer-policy') }, /missing/, /no-referrer/],
  [
    'referrer',
    'fail',
    'whole addresses',
    { page: page({ 'referrer-policy': 'unsafe-url' }) },
    /unsafe-url/,
    /no-referrer/,
  ],
  ['https', 'fail', 'plain http', {}, /plain http/, /https/, { isLocal: false }],
];
