import { parseJson } from '../../../src/protocol/schema/json.ts';
import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { header, mediaType } from '../site/http-request.ts';
import { fail, pass, skipped, warn, type DoctorCheck } from './check.ts';

const group = 'API';

const whoami: DoctorCheck = {
  id: 'whoami',
  title: 'whoami answers 401 without authorization',
  group,
  async run(context) {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    const path = deployment.whoami;
    const answer = await context.request(new URL(path, context.site.origin).href, {
      headers: { accept: 'application/json' },
    });
    const type = mediaType(answer);
    const fix = `Answer ${path} without authorization with 401, JSON and WWW-Authenticate (RFC 9110 §11.6.1); exempt it from start-page and login redirects.`;
    const found = `${path} answers ${answer.status} ${type || 'without a type'}`;
    if (answer.status === 401) {
      const isTyped = /\bjson$/.test(type) || header(answer, 'www-authenticate') !== '';
      if (!isTyped)
        return warn(found, 'This looks like an answer of a proxy or a captive portal, not of the API.', fix);
      return pass(`401 ${header(answer, 'www-authenticate') || type}`);
    }
    const why =
      answer.status >= 300 && answer.status < 400
        ? 'A redirect to a login page hides the 401 that makes the worker refresh.'
        : 'The worker refreshes on a 401. With any other status it cannot see that the session has ended.';
    return fail(found, why, fix);
  },
};

const faultRoutes: DoctorCheck = {
  id: 'lab',
  title: 'The fault routes are not open',
  group,
  async run(context) {
    const answer = await context.request(new URL('/lab/log', context.site.origin).href, {
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200 || !Array.isArray(parseJson(answer.body)))
      return pass(`/lab/log answers ${answer.status}`);
    const report = context.site.isLocal ? warn : fail;
    return report(
      '/lab/log answers with the request log',
      'Anyone who reaches it can read the request log, end every session and break the server on purpose.',
      'Start the server without --lab (npm run serve) wherever others can reach it.',
    );
  },
};

export const API_CHECKS: readonly DoctorCheck[] = [whoami, faultRoutes];
