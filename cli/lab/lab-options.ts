import { parseArgs } from 'node:util';
import { ENGINES, type EngineName } from '../../lab/browser/lab-browser.ts';
import type { Terminal } from '../doctor/doctor-command.ts';

export const LAB_USAGE = `session-keeper lab <url> [options]

Runs fault scenarios against a site in a real browser, and reports what signs its users out or disconnects them.

  --sign-in FILE        a module that exports signIn(page), in JavaScript or TypeScript
  --user NAME           without a module: the account for the site's form
  --password SECRET     its password; better: set SESSION_KEEPER_PASSWORD, which no process list shows
  --storage-state FILE  without both: a file of Playwright's storageState() of a signed-in browser
  --record FILE         opens a browser, and writes such a module from how you sign in
  --signed-in-when CSS  what the page shows only to a signed-in user, as a Playwright selector
  --config FILE         keeper.config.js: its whoami is the proof
  --proof PATH          a path that the backend answers only for a signed-in user, such as /api/me
  --user-field NAME     the field of that answer which names the user, such as user.id
  --scenario NAMES      ids, categories, or the start of an id with *; separated by commas (default: all)
  --scenario-file FILE  a scenario of one's own, as JSON
  --list                prints the scenarios and ends
  --minimise MINUTES    tries random faults for so long, and shrinks a loss to the shortest sequence
  --seed N              repeats the chance of another run (default 1)
  --report KINDS        html, json, junit, github, badge; separated by commas (default html,json)
  --out FOLDER          for the reports (default lab-report)
  --resume              goes on with the results that are in that folder
  --compare FILE        also prints what changed since an older report.json
  --real-time           really waits where a scenario is idle, instead of shifting clocks
  --engine NAME         chromium (default) or firefox, which runs the scenarios that its levers reach
  --browser PATH        the browser to use (default: the first on PATH)
  --headed              shows the browser
  --insecure            accepts any certificate of the site's servers

Exit code: 0 everything was kept, 1 something was lost or disturbed, 2 wrong usage or no sign-in.
`;

export const REPORT_KINDS = ['html', 'json', 'junit', 'github', 'badge'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

export type LabCommand = {
  url: string;
  signIn: string | undefined;
  record: string | undefined;
  user: string | undefined;
  password: string | undefined;
  storageState: string | undefined;
  signedInWhen: string | undefined;
  /** File with the configuration of the site, whose `whoami` is the proof. */
  config: string | undefined;
  proof: string | undefined;
  userField: string | undefined;
  scenarios: readonly string[];
  scenarioFile: string | undefined;
  seed: number;
  minimiseMinutes: number | undefined;
  reports: readonly ReportKind[];
  out: string;
  resume: boolean;
  compare: string | undefined;
  realTime: boolean;
  engine: EngineName;
  browser: string | undefined;
  headed: boolean;
  insecure: boolean;
};

export type ParsedLab =
  | { type: 'run'; command: LabCommand }
  | { type: 'list' }
  | { type: 'help' }
  | { type: 'usage'; problem: string };

const OPTIONS = {
  'sign-in': { type: 'string' },
  record: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  'storage-state': { type: 'string' },
  'signed-in-when': { type: 'string' },
  config: { type: 'string' },
  proof: { type: 'string' },
  'user-field': { type: 'string' },
  scenario: { type: 'string', multiple: true },
  'scenario-file': { type: 'string' },
  list: { type: 'boolean', default: false },
  minimise: { type: 'string' },
  seed: { type: 'string', default: '1' },
  report: { type: 'string', default: 'html,json' },
  out: { type: 'string', default: 'lab-report' },
  resume: { type: 'boolean', default: false },
  compare: { type: 'string' },
  'real-time': { type: 'boolean', default: false },
  engine: { type: 'string', default: 'chromium' },
  browser: { type: 'string' },
  headed: { type: 'boolean', default: false },
  insecure: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const usage = (problem: string): ParsedLab => ({ type: 'usage', problem });
const parts = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
const isReportKind = (text: string): text is ReportKind => REPORT_KINDS.some((kind) => kind === text);

const read = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const isWeb = (url: string): boolean => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);

export const parseLab = (args: readonly string[], env: Terminal['env']): ParsedLab => {
  const parsed = read(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { type: 'help' };
  if (values.list) return { type: 'list' };
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0 || !isWeb(url))
    return usage('Give one address, for example https://app.example/');
  const engine = ENGINES.find((name) => name === values.engine);
  if (engine === undefined) return usage(`--engine ${values.engine}: use ${ENGINES.join(' or ')}.`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) return usage(`--seed ${values.seed}: give a whole number.`);
  const minutes = values.minimise === undefined ? undefined : Number(values.minimise);
  if (minutes !== undefined && !(minutes > 0)) return usage(`--minimise ${values.minimise}: give minutes.`);
  const reports = parts(values.report);
  const unknown = reports.find((kind) => !isReportKind(kind));
  if (unknown !== undefined) return usage(`--report ${unknown}: use ${REPORT_KINDS.join(', ')}.`);
  const command: LabCommand = {
    url: new URL(url).href,
    signIn: values['sign-in'],
    record: values.record,
    user: values.user,
    password: values.password ?? env['SESSION_KEEPER_PASSWORD'],
    storageState: values['storage-state'],
    signedInWhen: values['signed-in-when'],
    config: values.config,
    proof: values.proof,
    userField: values['user-field'],
    scenarios: (values.scenario ?? []).flatMap(parts),
    scenarioFile: values['scenario-file'],
    seed,
    minimiseMinutes: minutes,
    reports: reports.filter(isReportKind),
    out: values.out,
    resume: values.resume,
    compare: values.compare,
    realTime: values['real-time'],
    engine,
    browser: values.browser,
    headed: values.headed,
    insecure: values.insecure,
  };
  if (command.user !== undefined && command.password === undefined)
    return usage('--user needs a password: pass --password or set SESSION_KEEPER_PASSWORD.');
  return { type: 'run', command };
};
