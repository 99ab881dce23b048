import type { Context } from '../site/context.ts';
import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { header, mediaType } from '../site/http-request.ts';
import { admits, framingOf, isIsolated, policyOf, sourcesFor } from '../site/policy.ts';
import { fail, pass, skipped, warn, type DoctorCheck } from './check.ts';

const group = 'Documents';

const isNone = (sources: readonly string[]): boolean => sources.every((source) => source.toLowerCase() === "'none'");

const issuerOf = async (context: Context): Promise<URL | undefined> => {
  const issuer = (await context.deployment())?.oidc?.issuer;
  return issuer === undefined ? undefined : new URL(issuer);
};

const page: DoctorCheck = {
  id: 'page',
  title: 'The address is an HTML page',
  group,
  async run(context) {
    const answer = await context.page();
    if (answer.status === 200 && mediaType(answer) === 'text/html') return pass(`200 ${mediaType(answer)}`);
    const to = header(answer, 'location');
    return fail(
      `${answer.status} ${mediaType(answer)}${to === '' ? '' : ` → ${to}`}`,
      'The next checks are about an HTML document of the application, and this is not one.',
      'Run the doctor with the address of a page of the application, after any redirect.',
    );
  },
};

/** Browsers ignore 'unsafe-inline' beside a nonce, a hash or 'strict-dynamic' (CSP3 §6.7.3.2). */
const isInlineOpen = (sources: readonly string[]): boolean =>
  sources.includes("'unsafe-inline'") && !sources.some((source) => /^'(nonce|sha\d+)-|^'strict-dynamic'/.test(source));
const ANYWHERE = new Set(['*', 'http:', 'https:', 'data:', 'blob:']);

const scripts: DoctorCheck = {
  id: 'csp-script',
  title: 'The policy allows only scripts of the site',
  group,
  async run(context) {
    const sources = sourcesFor(policyOf(await context.page()), 'script-src');
    const fix = "Send content-security-policy with script-src 'self', and a hash or nonce for each inline script.";
    const why =
      'An injected script acts as the user while it runs. Without a sealed worker it can also read the stored tokens.';
    if (!sources) return fail('no content-security-policy restricts scripts', why, fix);
    if (isInlineOpen(sources)) return fail("script-src allows 'unsafe-inline'", why, fix);
    const wide = sources.find((source) => ANYWHERE.has(source));
    if (wide !== undefined && !sources.includes("'strict-dynamic'")) return fail(`script-src allows ${wide}`, why, fix);
    if (sources.includes("'unsafe-eval'"))
      return warn("script-src allows 'unsafe-eval'", why, "Build without eval and remove 'unsafe-eval'.");
    return pass(`script-src ${sources.join(' ')}`);
  },
};

const workers: DoctorCheck = {
  id: 'csp-worker',
  title: 'The policy allows only workers of the site',
  group,
  async run(context) {
    const { url, worker } = context.site;
    const sources = sourcesFor(policyOf(await context.page()), 'worker-src');
    const fix = "Send worker-src 'self' in the content-security-policy of every document.";
    if (!admits(sources, worker, url))
      return fail(`worker-src forbids ${worker.pathname}`, 'The page cannot register the worker.', fix);
    if (sources && !sources.some((source) => ANYWHERE.has(source))) return pass(`worker-src ${sources.join(' ')}`);
    return warn(
      sources ? `worker-src is ${sources.join(' ')}` : 'nothing restricts workers',
      'An uploaded script could register as the worker of its folder and read every request below it.',
      fix,
    );
  },
};

const frames: DoctorCheck = {
  id: 'csp-frame',
  title: 'The policy forbids frames of the provider',
  group,
  async run(context) {
    const sources = sourcesFor(policyOf(await context.page()), 'frame-src');
    const issuer = await issuerOf(context);
    if (sources && isNone(sources)) return pass("frame-src 'none'");
    if (!issuer)
      return skipped((await context.deployment()) ? 'There is no OpenID provider to frame.' : UNKNOWN_CONFIG);
    if (!admits(sources, issuer, context.site.url)) return pass(`frame-src ${sources?.join(' ')}`);
    return fail(
      sources ? `frame-src admits ${issuer.origin}` : 'nothing restricts frames',
      'An injected script could start a sign-in in a hidden frame and read the code (RFC 10017).',
      "Send frame-src 'none', or list the frames you need without the provider.",
    );
  },
};

const ancestors: DoctorCheck = {
  id: 'frame-ancestors',
  title: 'No other site can frame the page',
  group,
  async run(context) {
    const framing = framingOf(await context.page());
    if (framing === 'none' || framing === 'same-origin') return pass(`frame-ancestors: ${framing}`);
    const report = framing === 'some' ? warn : fail;
    return report(
      framing === 'some' ? 'some other origins may frame it' : 'any site may frame it',
      'Another site can put the page under its own and collect clicks (clickjacking).',
      "Send frame-ancestors 'none' in the content-security-policy (and X-Frame-Options: DENY for old browsers).",
    );
  },
};

const connect: DoctorCheck = {
  id: 'csp-connect',
  title: 'The policy limits connections',
  group,
  async run(context) {
    const { url } = context.site;
    const sources = sourcesFor(policyOf(await context.page()), 'connect-src');
    const issuer = await issuerOf(context);
    const needed = `'self'${issuer ? ` ${issuer.origin}` : ''}`;
    if (!sources || sources.some((source) => ANYWHERE.has(source)))
      return warn(
        sources ? `connect-src is ${sources.join(' ')}` : 'nothing restricts connections',
        'An injected script can send data to any server.',
        `Send connect-src ${needed} and the wss: origin of your sockets.`,
      );
    const missing = [url, issuer].find((origin) => origin && !admits(sources, origin, url));
    if (!missing) return pass(`connect-src ${sources.join(' ')}`);
    return fail(
      `connect-src leaves out ${missing.origin}`,
      'The browser blocks requests from the page, and from the keeper when it runs in the page.',
      `Add ${missing.origin === url.origin ? "'self'" : missing.origin} to connect-src.`,
    );
  },
};

const opener: DoctorCheck = {
  id: 'coop',
  title: 'Other windows have no handle on the page',
  group,
  async run(context) {
    const answer = await context.page();
    if (isIsolated(answer)) return pass('cross-origin-opener-policy same-origin');
    const policy = header(answer, 'cross-origin-opener-policy');
    const report = (await issuerOf(context)) ? fail : warn;
    return report(
      `cross-origin-opener-policy is ${policy || 'missing'}`,
      'An injected script could run a sign-in in a popup and read its code, and other sites keep a handle on the window.',
      "Send 'cross-origin-opener-policy: same-origin' with every document.",
    );
  },
};

const sniffing: DoctorCheck = {
  id: 'nosniff',
  title: 'Browsers do not guess content types',
  group,
  async run(context) {
    const script = await context.script();
    const answers = [await context.page(), ...(script.status === 200 ? [script] : [])];
    const bad = answers.find((answer) => header(answer, 'x-content-type-options').toLowerCase() !== 'nosniff');
    if (!bad) return pass('page and worker');
    return warn(
      `${new URL(bad.url).pathname} lacks x-content-type-options: nosniff`,
      'A browser could run an uploaded file of a harmless type as a script.',
      "Send 'x-content-type-options: nosniff' with every response.",
    );
  },
};

const LEAKS_PATHS = ['unsafe-url', 'no-referrer-when-downgrade'];

const referrer: DoctorCheck = {
  id: 'referrer',
  title: 'Addresses do not leak to other sites',
  group,
  async run(context) {
    // Browsers use the last policy that they know (Referrer Policy §8.1).
    const policy =
      header(await context.page(), 'referrer-policy')
        .split(',')
        .pop()
        ?.trim()
        .toLowerCase() ?? '';
    const why = 'Addresses can hold codes and tickets, and the Referer header sends them to other sites.';
    const fix = "Send 'referrer-policy: no-referrer' (or strict-origin-when-cross-origin).";
    if (policy === '') return warn('referrer-policy is missing', why, fix);
    return LEAKS_PATHS.includes(policy) ? fail(`referrer-policy is ${policy}`, why, fix) : pass(policy);
  },
};

/** Half a year: the minimum that common scanners accept. */
const MIN_HSTS_SECONDS = 15_552_000;

const https: DoctorCheck = {
  id: 'https',
  title: 'The connection uses https',
  group,
  async run(context) {
    const { url, isLocal } = context.site;
    if (url.protocol !== 'https:') {
      if (isLocal) return pass('loopback, where browsers do not require https');
      return fail(
        'plain http',
        'Without https, browsers run no service worker and set no secure cookie, and the network can read the tokens.',
        'Serve everything over https and redirect http to https.',
      );
    }
    const seconds = Number(
      /max-age="?(\d+)/i.exec(header(await context.page(), 'strict-transport-security'))?.[1] ?? 0,
    );
    if (isLocal || seconds >= MIN_HSTS_SECONDS) return pass(isLocal ? 'https' : `https, HSTS ${seconds} s`);
    return warn(
      seconds === 0 ? 'https without HSTS' : `HSTS for ${seconds} s only`,
      'The first request of a visit can go over http, where an attacker can answer it.',
      "Send 'strict-transport-security: max-age=63072000'.",
    );
  },
};

export const DOCUMENT_CHECKS: readonly DoctorCheck[] = [
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
