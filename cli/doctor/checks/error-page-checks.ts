import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { MARKER, type Context } from '../site/context.ts';
import { header, NAVIGATION, type HttpResponse, type RequestOptions } from '../site/http-request.ts';
import { admits, framingOf, isIsolated, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, pass, skipped, warn, type Finding, type DoctorCheck } from './check.ts';

const group = 'Error pages and callback';

/** More than common servers accept (8 to 32 kB), but still one write, so that no reset destroys the response. */
const TOO_LARGE_BYTES = 49_152;
const COOKIE_BYTES = 3_900;

const callbackUrl = async (context: Context): Promise<URL | undefined> => {
  const callback = (await context.deployment())?.oidc?.callback;
  return callback === undefined ? undefined : new URL(callback, context.site.origin);
};

const missingHeaders = (answer: HttpResponse): readonly string[] => [
  ...(framingOf(answer) === 'none' ? [] : ["content-security-policy: frame-ancestors 'none'"]),
  ...(isIsolated(answer) ? [] : ['cross-origin-opener-policy: same-origin']),
];

/** What still stops a silent sign-in that ends on a page without the headers. */
type Defence = 'no-sign-in' | 'pages' | 'nothing';

/** An isolated page that cannot frame the provider stops an injected script from starting a silent sign-in (measured in Chromium). */
const defenceOf = async (context: Context): Promise<Defence> => {
  const oidc = (await context.deployment())?.oidc;
  if (!oidc) return 'no-sign-in';
  const page = await context.page();
  const frames = sourcesFor(policyOf(page), 'frame-src');
  return isIsolated(page) && !admits(frames, new URL(oidc.issuer), context.site.url) ? 'pages' : 'nothing';
};

const WHY: Readonly<Record<Defence, string>> = {
  'no-sign-in':
    'An injected script can frame or open this page and continue there, where the policy of your pages does not apply.',
  pages:
    'A script can read a silent sign-in on any document without these headers. Only the headers of your pages stop it now.',
  nothing:
    'An injected script can make a silent sign-in end on this page and read the code from its address. Your pages do not stop it either.',
};

const checkEdge = async (context: Context, url: URL, options: RequestOptions, fix: string): Promise<Finding> => {
  const outcome = await context.send(url.href, options);
  if (outcome.type === 'no-response') return pass(`no response (${outcome.detail}), so there is nothing to read`);
  const { response: answer } = outcome;
  const missing = missingHeaders(answer);
  const status = answer.status < 400 ? `accepted (${answer.status})` : String(answer.status);
  if (missing.length === 0) return pass(`${status} with the headers`);
  const defence = await defenceOf(context);
  return (defence === 'nothing' ? fail : warn)(`${status} without ${missing.join(', ')}`, WHY[defence], fix);
};

const fixFor = (status: string, where: string): string =>
  `Send the same security headers with ${status}${where}: nginx "add_header … always" and its error_page, Apache "Header always set", Node server.on('clientError').`;

const notFound: DoctorCheck = {
  id: 'error-404',
  title: 'A missing page has the headers',
  group,
  run: (context) =>
    checkEdge(
      context,
      new URL(`/${MARKER}/missing.js`, context.site.origin),
      { headers: { accept: '*/*', 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' } },
      fixFor('404', ''),
    ),
};

const tooLong: DoctorCheck = {
  id: 'error-414',
  title: 'The error for a long address has the headers',
  group,
  async run(context) {
    const url = (await callbackUrl(context)) ?? new URL(context.site.url);
    url.searchParams.set('state', 'x'.repeat(TOO_LARGE_BYTES));
    return checkEdge(context, url, { headers: NAVIGATION }, fixFor('414', ' (and 400, 431, 502)'));
  },
};

const tooLarge: DoctorCheck = {
  id: 'error-431',
  title: 'The error for many cookies has the headers',
  group,
  async run(context) {
    const url = (await callbackUrl(context)) ?? new URL(context.site.url);
    const count = Math.ceil(TOO_LARGE_BYTES / COOKIE_BYTES);
    const cookie = Array.from({ length: count }, (_, index) => `bomb${index}=${'x'.repeat(COOKIE_BYTES)}`).join('; ');
    return checkEdge(context, url, { headers: { ...NAVIGATION, cookie } }, fixFor('431', ' (and 400)'));
  },
};

const noCallback = async (context: Context): Promise<string> =>
  (await context.deployment()) ? 'There is no OpenID sign-in, so there is no callback.' : UNKNOWN_CONFIG;

const callbackGuard: DoctorCheck = {
  id: 'callback-headers',
  title: 'No other page can read the callback',
  group,
  async run(context) {
    const answer = await context.callback();
    if (!answer) return skipped(await noCallback(context));
    const policy = header(answer, 'referrer-policy').trim().toLowerCase();
    const gone = [...missingHeaders(answer), ...(policy === 'no-referrer' ? [] : ['referrer-policy: no-referrer'])];
    if (gone.length === 0) return pass('no frame, no opener, no referrer');
    return fail(
      `it lacks ${gone.join(', ')}`,
      'Until the worker handles the callback, its address holds a code that a frame, an opener or a Referer header can leak.',
      `Send ${gone.join(' and ')} with the callback path.`,
    );
  },
};

const callbackCache: DoctorCheck = {
  id: 'callback-cache',
  title: 'The callback is not cached and does not repeat the code',
  group,
  async run(context) {
    const answer = await context.callback();
    if (!answer) return skipped(await noCallback(context));
    if (answer.status >= 400)
      return fail(
        `the callback answers ${answer.status}`,
        'Users whose page the worker does not control yet see this error after they signed in.',
        'Serve the page of the application at the callback path.',
      );
    if (answer.body.includes(MARKER) || header(answer, 'location').includes(MARKER))
      return fail(
        'the code is repeated in the response',
        'A code in a body or in another address reaches logs, caches and scripts.',
        'Serve the plain page at the callback path; do not print or forward its query.',
      );
    const control = header(answer, 'cache-control');
    if (/\bno-store\b/i.test(control)) return pass('no-store');
    return fail(
      `cache-control is ${control || 'missing'}`,
      'Disk and shared caches keep the response under an address that contains a code.',
      "Send 'cache-control: no-store' for the callback path.",
    );
  },
};

export const EDGE_CHECKS: readonly DoctorCheck[] = [notFound, tooLong, tooLarge, callbackGuard, callbackCache];
