import { CONFIG_GLOBAL } from '../../../src/protocol/config.ts';
import { parseDeployment } from '../site/deployment.ts';
import { cookieFrom, header, mediaType, WORKER_FETCH, type Answer } from '../site/http.ts';
import { admits, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, fine, skipped, warn } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Worker script';

/** WHATWG MIME Sniffing §4.6, without the legacy spellings nobody sends. */
const JAVASCRIPT = /^(text|application)\/(x-)?(java|ecma)script$/;
const UNCACHED = /\bno-store\b|\bno-cache\b|\bmax-age=0\b/i;

const NOT_HERE = 'The worker script is not there (see above).';
const isThere = async (context: Context): Promise<Answer | undefined> => {
  const answer = await context.script();
  return answer.status === 200 ? answer : undefined;
};

const reachable: Check = {
  id: 'worker-reachable',
  title: 'The worker script is there',
  group,
  async run(context) {
    const { status } = await context.script();
    const path = context.target.worker.pathname;
    if (status === 200) return fine(path);
    const isRedirect = status >= 300 && status < 400;
    return fail(
      `${path} answers ${status}`,
      isRedirect
        ? 'Browsers refuse a worker script that is redirected, so no page gets a worker.'
        : 'Without the script there is no worker: the keeper runs in the page, without its protection.',
      isRedirect
        ? `Serve the script itself at ${path}, before any rule that redirects (language, trailing slash, login).`
        : `Publish the built worker at ${path}, or name its path with --worker and with connect({ worker }).`,
    );
  },
};

const mime: Check = {
  id: 'worker-mime',
  title: 'It is served as JavaScript',
  group,
  async run(context) {
    const answer = await isThere(context);
    if (!answer) return skipped(NOT_HERE);
    const type = mediaType(answer);
    if (JAVASCRIPT.test(type)) return fine(type);
    const isPage = type === 'text/html';
    return fail(
      `content-type is ${type || 'missing'}`,
      'Browsers register a worker only from a JavaScript MIME type (Service Workers, "Update").',
      isPage
        ? 'The server answers its start page for files it does not know: publish the script, or exempt it from that rule.'
        : "Send content-type 'text/javascript' with it.",
    );
  },
};

const cache: Check = {
  id: 'worker-cache',
  title: 'No cache keeps it',
  group,
  async run(context) {
    const answer = await isThere(context);
    if (!answer) return skipped(NOT_HERE);
    const control = header(answer, 'cache-control');
    if (UNCACHED.test(control)) return fine(control);
    return warn(
      control === '' ? 'cache-control is missing' : `cache-control is ${control}`,
      'A shared cache may hand out an old worker for days, or the sealed script of one installation to another.',
      "Send 'cache-control: no-store' with the worker script, at the CDN too.",
    );
  },
};

const scope: Check = {
  id: 'worker-scope',
  title: 'Its scope covers the page',
  group,
  async run(context) {
    const answer = await isThere(context);
    if (!answer) return skipped(NOT_HERE);
    const { target } = context;
    const allowed = header(answer, 'service-worker-allowed');
    const widest = new URL(allowed === '' ? './' : allowed, target.worker).pathname;
    if (target.url.pathname.startsWith(widest)) return fine(widest);
    return fail(
      `the widest scope is ${widest}, the page is ${target.url.pathname}`,
      'A worker sees only pages below its scope; requests of this page would go out without authorization.',
      "Serve the script from the page's folder or above, or send 'Service-Worker-Allowed: /' with it and register with { scope: '/' }.",
    );
  },
};

const config: Check = {
  id: 'worker-config',
  title: 'It carries its configuration',
  group,
  async run(context) {
    const answer = await isThere(context);
    if (!answer) return skipped(NOT_HERE);
    const deployment = await context.deployment();
    if (deployment) {
      const kinds = [deployment.oidc && 'oidc', deployment.password && 'password'].filter(Boolean);
      const offers = `${kinds.length === 0 ? 'no token sign-in' : kinds.join(', ')}, ${deployment.sockets.length} sockets`;
      return fine(parseDeployment(answer.body) ? offers : `${offers}, as given by --config`);
    }
    return warn(
      `the first line is not self.${CONFIG_GLOBAL} = {…};`,
      'A shipped worker stops at once without it; and the checks of provider, API and session cannot know where to look.',
      `Serve it through the server kit or bake the line in at build time. For a worker of your own that calls keepSession({ config }), give the doctor that object with --config.`,
    );
  },
};

const ownPolicy: Check = {
  id: 'worker-policy',
  title: 'It has a policy of its own',
  group,
  async run(context) {
    const answer = await isThere(context);
    if (!answer) return skipped(NOT_HERE);
    const sources = sourcesFor(policyOf(answer), 'connect-src');
    const mend = (issuer = "the provider's origin"): string =>
      `Send "content-security-policy: default-src 'none'; script-src 'self'; connect-src 'self' ${issuer}" with the script; change its bytes too, the policy is kept with them.`;
    if (!sources || sources.includes('*'))
      return warn(
        'no content-security-policy with connect-src',
        'A faulty or compromised worker could send tokens anywhere.',
        mend(),
      );
    const issuer = (await context.deployment())?.oidc?.issuer;
    if (issuer === undefined || admits(sources, new URL(issuer), context.target.url))
      return fine(`connect-src ${sources.join(' ')}`);
    return fail(
      `connect-src leaves out ${new URL(issuer).origin}`,
      'The worker cannot reach the token endpoint: signing in and refreshing fail.',
      mend(new URL(issuer).origin),
    );
  },
};

/** All that a page can make a browser send for the script; a page cannot set `Sec-Fetch-*` itself. */
const PAGE_FETCHES: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors', 'service-worker': 'script' },
  { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin' },
];

const sealHidden: Check = {
  id: 'seal-hidden',
  title: 'No page can read the seal',
  group,
  async run(context) {
    if (!(await isThere(context))) return skipped(NOT_HERE);
    const cookie = cookieFrom((await context.page()).cookies);
    const withCookie = cookie === '' ? {} : { cookie };
    for (const headers of PAGE_FETCHES) {
      const answer = await context.ask(context.target.worker.href, { headers: { ...headers, ...withCookie } });
      if (answer.status !== 200 || parseDeployment(answer.body)?.sealed !== true) continue;
      const how = headers['sec-fetch-dest'] ?? 'none';
      return fail(
        `a request with Sec-Fetch-Dest: ${how} is answered with a seal`,
        'The seal protects the stored tokens from page script. Page script can read it here, so it protects nothing.',
        'Fill the seal in only for Sec-Fetch-Dest: serviceworker with Sec-Fetch-Mode: same-origin and Service-Worker: script, and vary on them.',
      );
    }
    return fine(`${PAGE_FETCHES.length} kinds of ordinary requests get none`);
  },
};

const PROTECTED_COOKIE = /^__Host-Http-[^;]*;(?=.*httponly)(?=.*secure)(?=.*samesite=strict)/i;

const sealKept: Check = {
  id: 'seal-kept',
  title: 'Sealing is steady',
  group,
  async run(context) {
    if (!(await isThere(context))) return skipped(NOT_HERE);
    const { cookies } = await context.page();
    const url = context.target.worker.href;
    const fetchAsWorker = (): Promise<Answer> =>
      context.ask(url, { headers: { ...WORKER_FETCH, cookie: cookieFrom(cookies) } });
    const first = cookies.length === 0 ? undefined : await fetchAsWorker();
    if (!first || parseDeployment(first.body)?.sealed !== true)
      return skipped('There is no sealing here: the tier is "compatible" or "bound", and the snapshot says so.');
    if (!cookies.some((line) => PROTECTED_COOKIE.test(line)))
      return fail(
        'the install cookie is not __Host-Http-, HttpOnly, Secure, SameSite=Strict',
        'Page script or a sibling domain can replace it, and so choose the seal.',
        'Name it __Host-Http-… and set Path=/; Secure; HttpOnly; SameSite=Strict.',
      );
    if ((await fetchAsWorker()).body !== first.body)
      return fail(
        'two worker requests of one installation get different scripts',
        'Every update check then installs a "new" worker, and what was sealed by the old one cannot be opened.',
        'Derive the seal from a durable server key and the cookie; put nothing else that changes into the script.',
      );
    const bare = await context.ask(url, { headers: WORKER_FETCH });
    if (bare.status < 400)
      return fail(
        `a worker request without the install cookie is answered ${bare.status}`,
        'A lost cookie silently replaces a sealed worker by an unsealed one.',
        'Answer 403 to a worker request without its cookie: browsers then keep the worker they have.',
      );
    return fine(`same bytes each time; ${bare.status} without the install cookie`);
  },
};

export const WORKER_CHECKS: readonly Check[] = [reachable, mime, cache, scope, config, ownPolicy, sealHidden, sealKept];
