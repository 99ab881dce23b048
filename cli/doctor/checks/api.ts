import { parseJson } from '../../../src/protocol/json.ts';
import { header, mediaType } from '../site/http.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, warn } from '../site/finding.ts';
import type { Check } from '../site/types.ts';

const group = 'API';

const whoami: Check = {
  id: 'whoami',
  title: 'Who is signed in is told truly',
  group,
  async run(context) {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    const path = deployment.whoami;
    if (path === undefined) return skipped('No whoami path is configured.');
    const answer = await context.ask(new URL(path, context.target.origin).href, {
      headers: { accept: 'application/json' },
    });
    const type = mediaType(answer);
    const mend = `Answer ${path} without authorization with 401, JSON and WWW-Authenticate (RFC 9110 §11.6.1); exempt it from start-page and login redirects.`;
    const found = `${path} answers ${answer.status} ${type || 'without a type'}`;
    if (answer.status === 401) {
      const isTyped = /\bjson$/.test(type) || header(answer, 'www-authenticate') !== '';
      if (!isTyped)
        return warn(found, 'A proxy or a captive portal could have said this; it does not look like the API.', mend);
      return fine(`401 ${header(answer, 'www-authenticate') || type}`);
    }
    const why =
      answer.status >= 300 && answer.status < 400
        ? 'A redirect to a login page hides the 401 that makes the worker refresh.'
        : 'The 401 makes the worker refresh; anything else hides that the session is gone, or pretends that it is there.';
    return fail(found, why, mend);
  },
};

const lab: Check = {
  id: 'lab',
  title: 'The fault lab is not open',
  group,
  async run(context) {
    const answer = await context.ask(new URL('/lab/log', context.target.origin).href, {
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200 || !Array.isArray(parseJson(answer.body)))
      return fine(`/lab/log answers ${answer.status}`);
    const say = context.target.isLocal ? warn : fail;
    return say(
      '/lab/log answers with the request log',
      'Anybody who reaches it can read who asked for what, end every session and break the server on purpose.',
      'Start the server without --lab (npm run serve) wherever others can reach it.',
    );
  },
};

export const API_CHECKS: readonly Check[] = [whoami, lab];
