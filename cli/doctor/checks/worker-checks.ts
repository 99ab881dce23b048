import { CONFIG_GLOBAL } from '../../../src/protocol/config.ts';
import type { Context } from '../site/context.ts';
import { parseDeployment } from '../site/deployment.ts';
import { cookieFrom, header, mediaType, WORKER_FETCH, type HttpResponse } from '../site/http-request.ts';
import { admits, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, pass, skipped, warn, type DoctorCheck } from './check.ts';

const group = 'Worker script';

/** WHATWG MIME Sniffing §4.6, without the legacy spellings that servers no longer send. */
const JAVASCRIPT = /^(text|application)\/(x-)?(java|ecma)script$/;
const UNCACHED = /\bno-store\b|\bno-cache\b|\bmax-age=0\b/i;

const NO_SCRIPT = 'The worker script could not be loaded (see above).';
const loadedScript = async (context: Context): Promise<HttpResponse | undefined> => {
  const answer = await context.script();
  return answer.status === 200 ? answer : undefined;
};

const reachable: DoctorCheck = {
  id: 'worker-reachable',
  title: 'The worker script exists',
  group,
  async run(context) {
    const { status } = await context.script();
    const path = context.site.worker.pathname;
    if (status === 200) return pass(path);
    const isRedirect = status >= 300 && status < 400;
    return fail(
      `${path} answers ${status}`,
      isRedirect
        ? 'Browsers reject a redirected worker script, so no page gets a worker.'
        : 'Without the script there is no worker, and the keeper runs in the page without its protection.',
      isRedirect
        ? `Serve the script itself at ${path}, before any rule that redirects (language, trailing slash, login).`
        : `Publish the built worker at ${path}, or name its path with --worker and with connect({ worker }).`,
    );
  },
};

const mime: DoctorCheck = {
  id: 'worker-mime',
  title: 'The script has a JavaScript type',
  group,
  async run(context) {
    const answer = await loadedScript(context);
    if (!answer) return skipped(NO_SCRIPT);
    const type = mediaType(answer);
    if (JAVASCRIPT.test(type)) return pass(type);
    const isPage = type === 'text/html';
    return fail(
      `content-type is ${type || 'missing'}`,
      'Browsers register a worker only from a JavaScript MIME type (Service Workers, "Update").',
      isPage
        ? 'The server sends its start page for unknown files. Publish the script, or exempt it from that rule.'
        : "Send the script with content-type 'text/javascript'.",
    );
  },
};

const cache: DoctorCheck = {
  id: 'worker-cache',
  title: 'No cache stores the script',
  group,
  async run(context) {
    const answer = await loadedScript(context);
    if (!answer) return skipped(NO_SCRIPT);
    const control = header(answer, 'cache-control');
    if (UNCACHED.test(control)) return pass(control);
    return warn(
      control === '' ? 'cache-control is missing' : `cache-control is ${control}`,
      'A shared cache may serve an old worker for days, or send the sealed script of one installation to another.',
      "Send 'cache-control: no-store' with the worker script, also from the CDN.",
    );
  },
};

const scope: DoctorCheck = {
  id: 'worker-scope',
  title: 'The scope of the worker contains the page',
  group,
  async run(context) {
    const answer = await loadedScript(context);
    if (!answer) return skipped(NO_SCRIPT);
    const { site } = context;
    const widest = await context.widestScope();
    if (site.url.pathname.startsWith(widest)) return pass(widest);
    return fail(
      `the widest scope is ${widest}, the page is ${site.url.pathname}`,
      'A worker controls only pages in its scope. Requests from this page would carry no authorization.',
      "Serve the script from the page's folder or above, or send 'Service-Worker-Allowed: /' with it and register with { scope: '/' }.",
    );
  },
};

const config: DoctorCheck = {
  id: 'worker-config',
  title: 'The script contains the configuration',
  group,
  async run(context) {
    const answer = await loadedScript(context);
    if (!answer) return skipped(NO_SCRIPT);
    const deployment = await context.deployment();
    if (deployment) {
      const kinds = [deployment.oidc && 'oidc', deployment.password && 'password'].filter(Boolean);
      const offers = `${kinds.length === 0 ? 'no token sign-in' : kinds.join(', ')}, ${deployment.sockets.length} sockets`;
      return pass(parseDeployment(answer.body) ? offers : `${offers}, from --config`);
    }
    return warn(
      `the first line is not self.${CONFIG_GLOBAL} = {…}; with a complete KeeperConfig`,
      'The prebuilt worker throws without it, and the checks of provider, API and session have no addresses to check.',
      `Serve the script through the server kit, or bake the line in at build time. If your own worker calls keepSession({ config }), pass that object to the doctor with --config.`,
    );
  },
};

const ownPolicy: DoctorCheck = {
  id: 'worker-policy',
  title: 'The script has its own policy',
  group,
  async run(context) {
    const answer = await loadedScript(context);
    if (!answer) return skipped(NO_SCRIPT);
    const sources = sourcesFor(policyOf(answer), 'connect-src');
    const fix = (issuer = "the provider's origin"): string =>
      `Send "content-security-policy: default-src 'none'; script-src 'self'; connect-src 'self' ${issuer}" with the script. Change the script's bytes too: browsers store the policy with them.`;
    if (!sources || sources.includes('*'))
      return warn(
        'no content-security-policy with connect-src',
        'A faulty or compromised worker could send tokens to any server.',
        fix(),
      );
    const issuer = (await context.deployment())?.oidc?.issuer;
    if (issuer === undefined || admits(sources, new URL(issuer), context.site.url))
      return pass(`connect-src ${sources.join(' ')}`);
    return fail(
      `connect-src leaves out ${new URL(issuer).origin}`,
      'The worker cannot reach the token endpoint: signing in and refreshing fail.',
      fix(new URL(issuer).origin),
    );
  },
};

/** Every set of headers that a page can make a browser send for the script. A page cannot set `Sec-Fetch-*` itself. */
const PAGE_FETCHES: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'service-worker': 'script' },
  { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin' },
];

const sealHidden: DoctorCheck = {
  id: 'seal-hidden',
  title: 'No page can read the seal',
  group,
  async run(context) {
    if (!(await loadedScript(context))) return skipped(NO_SCRIPT);
    const cookie = cookieFrom((await context.page()).cookies);
    const withCookie = cookie === '' ? {} : { cookie };
    for (const headers of PAGE_FETCHES) {
      const answer = await context.request(context.site.worker.href, { headers: { ...headers, ...withCookie } });
      if (answer.status !== 200 || parseDeployment(answer.body)?.sealed !== true) continue;
      const dest = headers['sec-fetch-dest'] ?? 'none';
      return fail(
        `the response to Sec-Fetch-Dest: ${dest} contains a seal`,
        'The seal protects the stored tokens from page scripts. Here page scripts can read it, so it protects nothing.',
        'Insert the seal only for Sec-Fetch-Dest: serviceworker with Sec-Fetch-Mode: same-origin and Service-Worker: script, and send Vary with these headers.',
      );
    }
    return pass(`${PAGE_FETCHES.length} kinds of ordinary requests get no seal`);
  },
};

/** A `Strict` one is absent from a navigation of another site's link, so the next worker gets another seal. */
const PROTECTED_COOKIE = /^__Host-Http-[^;]*;(?=.*httponly)(?=.*secure)(?=.*samesite=(?:lax|strict))/i;

const sealKept: DoctorCheck = {
  id: 'seal-kept',
  title: 'The seal stays the same',
  group,
  async run(context) {
    if (!(await loadedScript(context))) return skipped(NO_SCRIPT);
    const { cookies } = await context.page();
    const url = context.site.worker.href;
    const fetchAsWorker = (): Promise<HttpResponse> =>
      context.request(url, { headers: { ...WORKER_FETCH, cookie: cookieFrom(cookies) } });
    const first = cookies.length === 0 ? undefined : await fetchAsWorker();
    if (!first || parseDeployment(first.body)?.sealed !== true)
      return skipped('This deployment does not seal: the tier in the snapshot is "compatible" or "bound".');
    if (!cookies.some((line) => PROTECTED_COOKIE.test(line)))
      return fail(
        'the install cookie is not __Host-Http-, HttpOnly, Secure, SameSite=Lax',
        'A page script or a sibling domain can replace the cookie, and so choose the seal.',
        'Name the cookie __Host-Http-… and set Path=/; Secure; HttpOnly; SameSite=Lax.',
      );
    if ((await fetchAsWorker()).body !== first.body)
      return fail(
        'two worker requests of one installation get different scripts',
        'Every update check then installs a "new" worker, which cannot decrypt what the old one sealed.',
        'Derive the seal from a durable server key and the cookie, and put nothing else into the script that changes.',
      );
    const withoutCookie = await context.request(url, { headers: WORKER_FETCH });
    if (withoutCookie.status < 400)
      return fail(
        `a worker request without the install cookie gets ${withoutCookie.status}`,
        'After the cookie is lost, an unsealed worker silently replaces the sealed one.',
        'Answer 403 to a worker request without the cookie. Browsers then keep the worker that they have.',
      );
    return pass(`same bytes each time; ${withoutCookie.status} without the install cookie`);
  },
};

export const WORKER_CHECKS: readonly DoctorCheck[] = [
  reachable,
  mime,
  cache,
  scope,
  config,
  ownPolicy,
  sealHidden,
  sealKept,
];
