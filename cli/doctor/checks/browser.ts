import type { Visit } from '../site/visit.ts';
import { fail, fine, skipped, warn, type Finding } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'Browser';

type Seen = Extract<Visit, { type: 'seen' }>;

const withVisit =
  (work: (visit: Seen, context: Context) => Finding) =>
  async (context: Context): Promise<Finding> => {
    const visit = await context.visit();
    if (visit.type === 'seen') return work(visit, context);
    return skipped(visit.type === 'not-tried' ? visit.reason : 'The page could not be opened (see above).');
  };

const pathOf = (script: string): string => (URL.canParse(script) ? new URL(script).pathname : script);
const isOurs = (script: string | undefined, { target }: Context): boolean =>
  script !== undefined && pathOf(script) === target.worker.pathname;

const registers: Check = {
  id: 'browser-registers',
  title: 'The page registers the worker',
  group,
  async run(context) {
    const visit = await context.visit();
    if (visit.type === 'not-tried') return skipped(visit.reason);
    const mend = 'Open the page with the developer tools: Application, Service workers, and the console.';
    if (visit.type === 'failed')
      return fail(`the page did not open: ${visit.detail}`, 'People see what this browser saw.', mend);
    const ours = visit.registrations.find(({ script }) => isOurs(script, context));
    if (ours) return fine(`${pathOf(ours.script)} for ${ours.scope}`);
    return fail(
      visit.registrations.length === 0
        ? 'no worker became active'
        : `only ${visit.registrations.map(({ script }) => pathOf(script)).join(', ')}`,
      'Without its worker the keeper runs in the page, or not at all.',
      `Call connect({ worker: '${context.target.worker.pathname}' }) in the page. ${mend}`,
    );
  },
};

const controls: Check = {
  id: 'browser-controls',
  title: 'The worker controls the page',
  group,
  run: withVisit((visit, context) => {
    if (isOurs(visit.controller, context)) return fine('after the first load');
    return fail(
      visit.controller === undefined ? 'nothing controls the page' : `${pathOf(visit.controller)} controls it`,
      'Requests of an uncontrolled page go out without authorization.',
      'Check the scope (above), and that the worker is not replaced or unregistered by the page.',
    );
  }),
};

const others: Check = {
  id: 'browser-others',
  title: 'No other worker holds the scope',
  group,
  run: withVisit((visit, context) => {
    const page = context.target.url.href;
    const foreign = visit.registrations.filter(({ script }) => !isOurs(script, context));
    const holder = foreign.find(({ scope }) => page.startsWith(scope));
    if (!holder)
      return fine(foreign.length === 0 ? 'none, in a new profile' : `${foreign.length} elsewhere, not at this page`);
    return fail(
      `${pathOf(holder.script)} is registered for ${holder.scope}`,
      'A page has one worker: the closest scope wins, and two scripts at one scope replace each other for ever.',
      "Keep one: put importScripts('/keeper-sw.js') first in the other worker, or give that one a scope that no page has.",
    );
  }),
};

const FATAL = /^uncaught: |content security policy/i;

const quiet: Check = {
  id: 'browser-console',
  title: 'The console is quiet',
  group,
  run: withVisit(({ errors }) => {
    const [first] = errors;
    if (first === undefined) return fine('no error');
    const fatal = errors.find((text) => FATAL.test(text));
    const say = fatal === undefined ? warn : fail;
    return say(
      `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}, ${fatal ? 'among them' : 'first'}: ${fatal ?? first}`,
      'An error at start is often why a session does not come back for some people only.',
      'Mend what the console names; a blocked script or connection is usually the policy.',
    );
  }),
};

export const BROWSER_CHECKS: readonly Check[] = [registers, controls, others, quiet];
