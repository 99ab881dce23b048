import { header, mediaType } from '../site/http.ts';
import { admits, framingOf, isIsolated, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, warn } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Documents';

const isNone = (sources: readonly string[]): boolean => sources.every((source) => source.toLowerCase() === "'none'");

const issuerOf = async (context: Context): Promise<URL | undefined> => {
  const issuer = (await context.deployment())?.oidc?.issuer;
  return issuer === undefined ? undefined : new URL(issuer);
};

const page: Check = {
  id: 'page',
  title: 'The page is a page',
  group,
  async run(context) {
    const answer = await context.page();
    if (answer.status === 200 && mediaType(answer) === 'text/html') return fine(`200 ${mediaType(answer)}`);
    const to = header(answer, 'location');
    return fail(
      `${answer.status} ${mediaType(answer)}${to === '' ? '' : ` → ${to}`}`,
      'What follows is about the documents that people open, and this is not one.',
      'Give the doctor the address of a page of the application, after any redirect.',
    );
  },
};

/** Ignored by browsers that see a nonce or a hash beside it (CSP3 §6.7.3.2). */
const isInlineOpen = (sources: readonly string[]): boolean =>
  sources.includes("'unsafe-inline'") && !sources.some((source) => /^'(nonce|sha\d+)-|^'strict-dynamic'/.test(source));
const ANYWHERE = new Set(['*', 'http:', 'https:', 'data:', 'blob:']);

const scripts: Check = {
  id: 'csp-script',
  title: 'Only its own scripts run',
  group,
  async run(context) {
    const sources = sourcesFor(policyOf(await context.page()), 'script-src');
    const mend = "Send content-security-policy with script-src 'self', and a hash or nonce for each inline script.";
    const why =
      'An injected script acts as the person while it runs; where the worker is not sealed it can read the stored tokens too.';
    if (!sources) return fail('no content-security-policy restricts scripts', why, mend);
    if (isInlineOpen(sources)) return fail("script-src allows 'unsafe-inline'", why, mend);
    const wide = sources.find((source) => ANYWHERE.has(source));
    if (wide !== undefined && !sources.includes("'strict-dynamic'"))
      return fail(`script-src allows ${wide}`, why, mend);
    if (sources.includes("'unsafe-eval'"))
      return warn("script-src allows 'unsafe-eval'", why, "Build without eval and take 'unsafe-eval' out.");
    return fine(`script-src ${sources.join(' ')}`);
  },
};

const workers: Check = {
  id: 'csp-worker',
  title: 'Only its own worker is registered',
  group,
  async run(context) {
    const { url, worker } = context.target;
    const sources = sourcesFor(policyOf(await context.page()), 'worker-src');
    const mend = "Send worker-src 'self' in the content-security-policy of every document.";
    if (!admits(sources, worker, url))
      return fail(`worker-src forbids ${worker.pathname}`, 'The page cannot register the worker.', mend);
    if (sources && !sources.some((source) => ANYWHERE.has(source))) return fine(`worker-src ${sources.join(' ')}`);
    return warn(
      sources ? `worker-src is ${sources.join(' ')}` : 'nothing restricts workers',
      'An uploaded script could become the worker of its folder, and see every request below it.',
      mend,
    );
  },
};

const frames: Check = {
  id: 'csp-frame',
  title: 'It cannot frame a silent sign-in',
  group,
  async run(context) {
    const sources = sourcesFor(policyOf(await context.page()), 'frame-src');
    const issuer = await issuerOf(context);
    if (sources && isNone(sources)) return fine("frame-src 'none'");
    if (!issuer)
      return skipped((await context.deployment()) ? 'There is no OpenID provider to frame.' : UNKNOWN_CONFIG);
    if (!admits(sources, issuer, context.target.url)) return fine(`frame-src ${sources?.join(' ')}`);
    return fail(
      sources ? `frame-src admits ${issuer.origin}` : 'nothing restricts frames',
      'Injected script could sign the person in again in a hidden frame and read the code (RFC 10017).',
      "Send frame-src 'none', or list the frames you need without the provider.",
    );
  },
};

const ancestors: Check = {
  id: 'frame-ancestors',
  title: 'Nobody frames it',
  group,
  async run(context) {
    const framing = framingOf(await context.page());
    if (framing === 'nobody' || framing === 'same-origin') return fine(`framed by ${framing}`);
    const say = framing === 'some' ? warn : fail;
    return say(
      framing === 'some' ? 'some other origins may frame it' : 'anybody may frame it',
      'Another site can lay the page under its own and collect clicks.',
      "Send frame-ancestors 'none' in the content-security-policy (and X-Frame-Options: DENY for old browsers).",
    );
  },
};

const connect: Check = {
  id: 'csp-connect',
  title: 'It talks to its own servers only',
  group,
  async run(context) {
    const { url } = context.target;
    const sources = sourcesFor(policyOf(await context.page()), 'connect-src');
    const issuer = await issuerOf(context);
    const needed = `'self'${issuer ? ` ${issuer.origin}` : ''}`;
    if (!sources || sources.some((source) => ANYWHERE.has(source)))
      return warn(
        sources ? `connect-src is ${sources.join(' ')}` : 'nothing restricts connections',
        'Injected script can send what it sees anywhere.',
        `Send connect-src ${needed} and the wss: origin of your sockets.`,
      );
    const missing = [url, issuer].find((origin) => origin && !admits(sources, origin, url));
    if (!missing) return fine(`connect-src ${sources.join(' ')}`);
    return fail(
      `connect-src leaves out ${missing.origin}`,
      'Calls of the page itself, and of the keeper where a browser has no worker, are blocked.',
      `Add ${missing.origin === url.origin ? "'self'" : missing.origin} to connect-src.`,
    );
  },
};

const opener: Check = {
  id: 'coop',
  title: 'Its window is its own',
  group,
  async run(context) {
    const answer = await context.page();
    if (isIsolated(answer)) return fine('cross-origin-opener-policy same-origin');
    const policy = header(answer, 'cross-origin-opener-policy');
    const say = (await issuerOf(context)) ? fail : warn;
    return say(
      `cross-origin-opener-policy is ${policy || 'missing'}`,
      'Injected script could run a sign-in in a popup and read its code; other sites keep a handle on the window.',
      "Send 'cross-origin-opener-policy: same-origin' with every document.",
    );
  },
};

const sniffing: Check = {
  id: 'nosniff',
  title: 'Types are not guessed',
  group,
  async run(context) {
    const script = await context.script();
    const answers = [await context.page(), ...(script.status === 200 ? [script] : [])];
    const bad = answers.find((answer) => header(answer, 'x-content-type-options').toLowerCase() !== 'nosniff');
    if (!bad) return fine('page and worker');
    return warn(
      `${new URL(bad.url).pathname} lacks x-content-type-options: nosniff`,
      'An uploaded file of a harmless type could be run as a script.',
      "Send 'x-content-type-options: nosniff' with everything.",
    );
  },
};

const LEAKS_PATHS = ['unsafe-url', 'no-referrer-when-downgrade'];

const referrer: Check = {
  id: 'referrer',
  title: 'Addresses stay at home',
  group,
  async run(context) {
    // The last one that a browser knows counts (Referrer Policy §8.1).
    const policy =
      header(await context.page(), 'referrer-policy')
        .split(',')
        .pop()
        ?.trim()
        .toLowerCase() ?? '';
    const why = 'Addresses can hold codes and tickets; a referrer carries them to other sites.';
    const mend = "Send 'referrer-policy: no-referrer' (or strict-origin-when-cross-origin).";
    if (policy === '') return warn('referrer-policy is missing', why, mend);
    return LEAKS_PATHS.includes(policy) ? fail(`referrer-policy is ${policy}`, why, mend) : fine(policy);
  },
};

/** Half a year, the least that the usual scanners accept. */
const MIN_HSTS_SECONDS = 15_552_000;

const https: Check = {
  id: 'https',
  title: 'The connection is safe',
  group,
  async run(context) {
    const { url, isLocal } = context.target;
    if (url.protocol !== 'https:') {
      if (isLocal) return fine('loopback, where browsers do not ask for https');
      return fail(
        'plain http',
        'Browsers give a page without https no worker and no secure cookie; anybody on the way reads the tokens.',
        'Serve everything over https and redirect http to it.',
      );
    }
    const seconds = Number(
      /max-age="?(\d+)/i.exec(header(await context.page(), 'strict-transport-security'))?.[1] ?? 0,
    );
    if (isLocal || seconds >= MIN_HSTS_SECONDS) return fine(isLocal ? 'https' : `https, HSTS ${seconds} s`);
    return warn(
      seconds === 0 ? 'https without HSTS' : `HSTS for ${seconds} s only`,
      'The first request of a visit can be made over http, and answered by somebody else.',
      "Send 'strict-transport-security: max-age=63072000'.",
    );
  },
};

export const DOCUMENT_CHECKS: readonly Check[] = [
  page,
  scripts,
  workers,
  frames,
  ancestors,
  connect,
  opener,
  sniffing,
  referrer,
  https,
];
