import { MARKER } from '../site/context.ts';
import { header, NAVIGATION, type Answer, type ProbeOptions } from '../site/http.ts';
import { admits, framingOf, isIsolated, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, warn, type Finding } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Error pages and callback';

/** More than common servers take (8 to 32 kB), and no more than one write, so that the answer is not lost to a reset. */
const TOO_LARGE_BYTES = 49_152;
const COOKIE_BYTES = 3_900;

const callbackUrl = async (context: Context): Promise<URL | undefined> => {
  const callback = (await context.deployment())?.oidc?.callback;
  return callback === undefined ? undefined : new URL(callback, context.target.origin);
};

const lacks = (answer: Answer): readonly string[] => [
  ...(framingOf(answer) === 'nobody' ? [] : ["content-security-policy: frame-ancestors 'none'"]),
  ...(isIsolated(answer) ? [] : ['cross-origin-opener-policy: same-origin']),
];

/** What stands against a silent sign-in that ends on a page without the headers. */
type Defence = 'no-sign-in' | 'pages' | 'nothing';

/** Isolated pages that may not frame the provider keep injected script from opening one (measured in Chromium). */
const defenceOf = async (context: Context): Promise<Defence> => {
  const oidc = (await context.deployment())?.oidc;
  if (!oidc) return 'no-sign-in';
  const page = await context.page();
  const frames = sourcesFor(policyOf(page), 'frame-src');
  return isIsolated(page) && !admits(frames, new URL(oidc.issuer), context.target.url) ? 'pages' : 'nothing';
};

const WHY: Readonly<Record<Defence, string>> = {
  'no-sign-in':
    'Injected script can frame or open this page and go on there, out of reach of the policy of your pages.',
  pages:
    'One document without these headers is where a silent sign-in can be read. Only the headers of your pages stand against it now.',
  nothing:
    'Injected script makes the sign-in end on this page and reads the code from its address; your pages do not stop it either.',
};

const edge = async (context: Context, url: URL, options: ProbeOptions, mend: string): Promise<Finding> => {
  const outcome = await context.probe(url.href, options);
  if (outcome.type === 'silent') return fine(`no answer at all (${outcome.detail}): nothing that could be read`);
  const { answer } = outcome;
  const missing = lacks(answer);
  const what = answer.status < 400 ? `accepted (${answer.status})` : String(answer.status);
  if (missing.length === 0) return fine(`${what} with the headers`);
  const defence = await defenceOf(context);
  return (defence === 'nothing' ? fail : warn)(`${what} without ${missing.join(', ')}`, WHY[defence], mend);
};

const mendFor = (status: string, where: string): string =>
  `Send the same security headers with ${status}${where}: nginx "add_header … always" and its error_page, Apache "Header always set", Node server.on('clientError').`;

const missing: Check = {
  id: 'error-404',
  title: 'A missing page has the headers',
  group,
  run: (context) =>
    edge(
      context,
      new URL(`/${MARKER}/missing.js`, context.target.origin),
      { headers: { accept: '*/*', 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' } },
      mendFor('404', ''),
    ),
};

const tooLong: Check = {
  id: 'error-414',
  title: 'A too long address has the headers',
  group,
  async run(context) {
    const url = (await callbackUrl(context)) ?? new URL(context.target.url);
    url.searchParams.set('state', 'x'.repeat(TOO_LARGE_BYTES));
    return edge(context, url, { headers: NAVIGATION }, mendFor('414', ' (and 400, 431, 502)'));
  },
};

const tooLarge: Check = {
  id: 'error-431',
  title: 'Too many cookies have the headers',
  group,
  async run(context) {
    const url = (await callbackUrl(context)) ?? new URL(context.target.url);
    const count = Math.ceil(TOO_LARGE_BYTES / COOKIE_BYTES);
    const cookie = Array.from({ length: count }, (_, index) => `bomb${index}=${'x'.repeat(COOKIE_BYTES)}`).join('; ');
    return edge(context, url, { headers: { ...NAVIGATION, cookie } }, mendFor('431', ' (and 400)'));
  },
};

const noCallback = async (context: Context): Promise<string> =>
  (await context.deployment()) ? 'There is no OpenID sign-in, so no callback.' : UNKNOWN_CONFIG;

const callbackGuard: Check = {
  id: 'callback-headers',
  title: 'The callback cannot be framed or watched',
  group,
  async run(context) {
    const answer = await context.callback();
    if (!answer) return skipped(await noCallback(context));
    const policy = header(answer, 'referrer-policy').trim().toLowerCase();
    const gone = [...lacks(answer), ...(policy === 'no-referrer' ? [] : ['referrer-policy: no-referrer'])];
    if (gone.length === 0) return fine('no frame, no opener, no referrer');
    return fail(
      `it lacks ${gone.join(', ')}`,
      'Until the worker is there to take the callback, its address holds a code that a frame, an opener or a referrer can read.',
      `Send ${gone.join(' and ')} with the callback path.`,
    );
  },
};

const callbackCache: Check = {
  id: 'callback-cache',
  title: 'The callback is in no cache, and repeats nothing',
  group,
  async run(context) {
    const answer = await context.callback();
    if (!answer) return skipped(await noCallback(context));
    if (answer.status >= 400)
      return fail(
        `the callback answers ${answer.status}`,
        'Where the worker is not in control yet, people end on this error after they signed in.',
        'Serve the page of the application at the callback path.',
      );
    if (answer.body.includes(MARKER) || header(answer, 'location').includes(MARKER))
      return fail(
        'the code is repeated in the answer',
        'A code in a body or in a further address reaches logs, caches and scripts.',
        'Serve the plain page at the callback path; do not print or forward its query.',
      );
    const control = header(answer, 'cache-control');
    if (/\bno-store\b/i.test(control)) return fine('no-store');
    return fail(
      `cache-control is ${control || 'missing'}`,
      'The answer is kept under an address with a code in it, on disk and in shared caches.',
      "Send 'cache-control: no-store' for the callback path.",
    );
  },
};

export const EDGE_CHECKS: readonly Check[] = [missing, tooLong, tooLarge, callbackGuard, callbackCache];
