import type { Context } from '../site/context.ts';
import type { Visit } from '../site/visit.ts';
import { fail, pass, skipped, warn, type Finding, type DoctorCheck } from './check.ts';

const group = 'Browser';

type Seen = Extract<Visit, { type: 'seen' }>;

const withVisit =
  (check: (visit: Seen, context: Context) => Finding) =>
  async (context: Context): Promise<Finding> => {
    const visit = await context.visit();
    if (visit.type === 'seen') return check(visit, context);
    return skipped(visit.type === 'not-tried' ? visit.reason : 'The page could not be opened (see above).');
  };

const pathOf = (script: string): string => (URL.canParse(script) ? new URL(script).pathname : script);
const isOurs = (script: string | undefined, { site }: Context): boolean =>
  script !== undefined && pathOf(script) === site.worker.pathname;

const registers: DoctorCheck = {
  id: 'browser-registers',
  title: 'The page registers the worker',
  group,
  async run(context) {
    const visit = await context.visit();
    if (visit.type === 'not-tried') return skipped(visit.reason);
    const fix = 'Open the page with the developer tools: Application, Service workers, and the console.';
    if (visit.type === 'failed')
      return fail(`the page did not open: ${visit.detail}`, 'Your users get the same error as this browser.', fix);
    const ours = visit.registrations.find(({ script }) => isOurs(script, context));
    if (ours) return pass(`${pathOf(ours.script)} for ${ours.scope}`);
    return fail(
      visit.registrations.length === 0
        ? 'no worker became active'
        : `only ${visit.registrations.map(({ script }) => pathOf(script)).join(', ')}`,
      'Without the worker the keeper runs in the page, or not at all.',
      `Call connect({ worker: '${context.site.worker.pathname}' }) in the page. ${fix}`,
    );
  },
};

const controls: DoctorCheck = {
  id: 'browser-controls',
  title: 'The worker controls the page',
  group,
  run: withVisit((visit, context) => {
    if (isOurs(visit.controller, context)) return pass('after the first load');
    return fail(
      visit.controller === undefined ? 'nothing controls the page' : `${pathOf(visit.controller)} controls it`,
      'Requests from an uncontrolled page carry no authorization.',
      'Check the scope (above), and that the page neither replaces nor unregisters the worker.',
    );
  }),
};

const answers: DoctorCheck = {
  id: 'browser-keeper',
  title: 'The worker is a keeper',
  group,
  run: withVisit((visit) => {
    if (visit.isKeeper) return pass('it answers as only a keeper does');
    if (visit.controller === undefined) return skipped('Nothing controls the page (see above).');
    return fail(
      `${visit.controller} controls the page, and is no keeper or answers after another listener`,
      'No request of this page gets authorization, and no session is kept.',
      "Put importScripts('./session-keeper-worker.js') first in that worker, or call keepSession() before all other listeners.",
    );
  }),
};

const workerErrors: DoctorCheck = {
  id: 'browser-worker-errors',
  title: 'The worker throws nothing',
  group,
  run: withVisit((visit) => {
    const [first] = visit.workerErrors;
    if (first === undefined) return pass('no error');
    return fail(
      first,
      'A worker that throws when it starts is not installed, and browsers show the error in no page.',
      'Open the file at this line. A missing import, a wrong configuration and a syntax that the browser lacks are the usual causes.',
    );
  }),
};

const others: DoctorCheck = {
  id: 'browser-others',
  title: 'No other worker is registered for the page',
  group,
  run: withVisit((visit, context) => {
    const page = context.site.url.href;
    const foreign = visit.registrations.filter(({ script }) => !isOurs(script, context));
    const holder = foreign.find(({ scope }) => page.startsWith(scope));
    if (!holder)
      return pass(foreign.length === 0 ? 'none, in a new profile' : `${foreign.length} elsewhere, not at this page`);
    return fail(
      `${pathOf(holder.script)} is registered for ${holder.scope}`,
      'A page has one worker. The longest matching scope wins, and two scripts with one scope keep replacing each other.',
      "Keep one: put importScripts('/keeper-sw.js') first in the other worker, or give the other worker a scope that contains no page.",
    );
  }),
};

const FATAL = /^uncaught: |content security policy/i;

const consoleErrors: DoctorCheck = {
  id: 'browser-console',
  title: 'The console shows no errors',
  group,
  run: withVisit(({ errors }) => {
    const [first] = errors;
    if (first === undefined) return pass('no error');
    const fatal = errors.find((text) => FATAL.test(text));
    const report = fatal === undefined ? warn : fail;
    return report(
      `${errors.length} ${errors.length === 1 ? 'error' : 'errors'}, ${fatal ? 'among them' : 'first'}: ${fatal ?? first}`,
      'An error at start often explains why only some users lose their session.',
      'Fix what the console names. Usually the content security policy blocks a script or a connection.',
    );
  }),
};

export const BROWSER_CHECKS: readonly DoctorCheck[] = [
  registers,
  controls,
  answers,
  others,
  workerErrors,
  consoleErrors,
];
