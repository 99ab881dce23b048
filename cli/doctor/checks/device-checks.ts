import type { Context } from '../site/context.ts';
import type { CookieTrial } from '../site/cookie-trial.ts';
import type { Site } from '../site/target.ts';
import { fail, pass, skipped, warn, type DoctorCheck, type Finding } from './check.ts';

type Done = Extract<CookieTrial, { type: 'done' }>;

const SPECIFICATION = 'https://w3c.github.io/webappsec-dbsc/';
const FORM = `Secure-Session-Registration: (ES256 RS256);path="/…";challenge="…" (${SPECIFICATION})`;

/** Statuses with which a route refuses a request without a proof. 404 and 405 mean that there is none. */
const refuses = (status: number): boolean => status >= 400 && status < 500 && status !== 404 && status !== 405;

/** The first thing that keeps a browser from binding the session, or a thief from being kept out. */
const judge = ({ offer, laterOffer, cookies, cacheControl, registration }: Done, site: Site): Finding => {
  const [, algorithms = ''] = /^\s*\(([^)]*)\)/.exec(offer) ?? [];
  const isWhole = algorithms !== '' && /;\s*path="[^"]+"/i.test(offer) && /;\s*challenge="[^"]+"/i.test(offer);
  const unused = 'Browsers ignore the offer, so a copied cookie works anywhere.';
  if (!isWhole) return fail('the offer has not all of algorithms, path and challenge', unused, `Send ${FORM}.`);
  if (site.url.protocol !== 'https:' && !site.isLocal)
    return fail(
      'the offer comes over http',
      unused,
      'Serve the site over HTTPS with a certificate that browsers trust.',
    );
  if (!/\bES256\b/.test(algorithms))
    return fail(
      `the offer accepts ${algorithms} only`,
      'Most devices have no such key.',
      'Accept ES256, and RS256 for older TPMs.',
    );
  if (!registration)
    return fail(
      'the path of the offer is on another origin',
      unused,
      'Name a path of the origin that the sign-in is on.',
    );
  const { url, status, location } = registration;
  if (!refuses(status))
    return fail(
      `POST ${url} without a proof answers ${status}${location === '' ? '' : ` to ${location}`}`,
      'The browser registers its key there. Another route, or a page of the app, answers instead.',
      'Let the route answer 400 without a proof, before routers, body parsers and the app’s own pages.',
    );
  if (laterOffer !== '')
    return fail(
      'the status route offers a binding too',
      'A thief of the cookie binds the session to their own device first.',
      'Offer it in the response of a sign-in only.',
    );
  const open = cookies.find((line) => !/;\s*secure/i.test(line) || !/;\s*httponly/i.test(line));
  if (open !== undefined && !site.isLocal)
    return warn(
      `the cookie "${open.split(';')[0]}" is not Secure and HttpOnly`,
      'The binding protects a session whose first cookie a script or the network can read.',
      'Set Secure and HttpOnly for each cookie of the session.',
    );
  if (!/\bno-store\b/.test(cacheControl))
    return warn(
      'a cache may store the offer',
      'Its challenge works once. The next person gets a used one, and no binding.',
      "Send 'cache-control: no-store' with the response of the sign-in.",
    );
  return pass(`offered at the sign-in (${algorithms}), and ${new URL(url).pathname} wants a proof`);
};

const deviceBound: DoctorCheck = {
  id: 'device-bound',
  title: 'A cookie session can be bound to its device',
  group: 'Session',
  async run(context: Context) {
    const trial = await context.cookieTrial();
    if (trial.type === 'not-tried') return skipped(trial.reason);
    if (trial.type === 'sign-in-failed') return skipped(`The sign-in gave no cookie: ${trial.detail}.`);
    if (trial.offer === '') return skipped('The sign-in offers no binding (docs/how-to/bind-sessions-to-a-device.md).');
    return judge(trial, context.site);
  },
};

export const DEVICE_CHECKS: readonly DoctorCheck[] = [deviceBound];
