import { parseArgs } from 'node:util';
import { readConfigFile } from '../config/load-config.ts';
import { deploymentOfConfig, type Deployment } from './site/deployment.ts';
import { examine, type Diagnosis } from './doctor.ts';
import { annotation, printAnnotations } from './print-github.ts';
import { printReport } from './print.ts';
import { parseSite, type Credentials, type Site } from './site/target.ts';
import type { BrowserChoice } from './site/visit.ts';

export const DOCTOR_USAGE = `session-keeper doctor <url> [options]

Examines a deployment and reports what is wrong, why it matters and how to fix it.

  --worker PATH     the worker script (default /sw.js)
  --config FILE     keeper.config.js, or the KeeperConfig as JSON, when your own worker script does not contain it
  --user NAME       an account to test refresh and sign-out with (password sign-in only)
  --password SECRET its password; better: set SESSION_KEEPER_PASSWORD, which no process list shows
  --api-key KEY     a key to test cookie sessions with; better: set SESSION_KEEPER_API_KEY
  --browser PATH    a Chromium to open the page with (default: the first on PATH)
  --no-browser      skip the checks that need a browser
  --timeout SECONDS limit for one request (default 10)
  --json            print the report as JSON
  --github          print failures and warnings as annotations of GitHub Actions

Exit code: 0 no check failed, 1 a check failed or the site has no keeper, 2 wrong usage or no response.
`;

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The output streams and environment of a command. Tests pass their own. */
export type Terminal = {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard output shows colours, and standard error a progress line that overwrites itself. */
  colours: boolean;
  progress: boolean;
  env: Readonly<Record<string, string | undefined>>;
};

type DoctorCommand = {
  site: Site;
  /** File with the configuration. */
  config: string | undefined;
  account: Credentials | undefined;
  apiKey: string | undefined;
  browser: BrowserChoice;
  timeoutMs: number;
  format: 'text' | 'json' | 'github';
};
type Parsed = { type: 'run'; command: DoctorCommand } | { type: 'help' } | { type: 'usage'; problem: string };

const DEFAULT_TIMEOUT_SECONDS = '10';
const MAX_TIMEOUT_SECONDS = 600;

const OPTIONS = {
  worker: { type: 'string', default: '/sw.js' },
  config: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  'api-key': { type: 'string' },
  browser: { type: 'string' },
  'no-browser': { type: 'boolean', default: false },
  timeout: { type: 'string', default: DEFAULT_TIMEOUT_SECONDS },
  json: { type: 'boolean', default: false },
  github: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const usage = (problem: string): Parsed => ({ type: 'usage', problem });

const read = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const browserOf = (path: string | undefined, none: boolean): BrowserChoice => {
  if (none) return { type: 'none' };
  return path === undefined ? { type: 'auto' } : { type: 'path', path };
};

export const parseDoctor = (args: readonly string[], env: Terminal['env']): Parsed => {
  const parsed = read(args);
  if (typeof parsed === 'string') return usage(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { type: 'help' };
  const [url, ...rest] = positionals;
  if (url === undefined || rest.length > 0) return usage('Give one address, for example https://app.example/');
  const site = parseSite(url, values.worker);
  if (!site) return usage(`${url} with ${values.worker}: give an http(s) address, and a worker of the same origin.`);
  const seconds = Number(values.timeout);
  if (!(seconds > 0 && seconds <= MAX_TIMEOUT_SECONDS))
    return usage(`--timeout ${values.timeout}: give seconds, more than 0 and at most ${MAX_TIMEOUT_SECONDS}.`);
  const password = values.password ?? env['SESSION_KEEPER_PASSWORD'];
  if (values.user !== undefined && password === undefined)
    return usage('--user needs a password: pass --password or set SESSION_KEEPER_PASSWORD.');
  const account = values.user === undefined || password === undefined ? undefined : { username: values.user, password };
  if (values.json && values.github) return usage('Give --json or --github, not both.');
  const format = values.json ? 'json' : values.github ? 'github' : 'text';
  const browser = browserOf(values.browser, values['no-browser']);
  const apiKey = values['api-key'] ?? env['SESSION_KEEPER_API_KEY'];
  const command = { site, config: values.config, account, apiKey, browser, timeoutMs: seconds * 1000, format } as const;
  return { type: 'run', command };
};

const ERASE_LINE = '\r\u001B[2K';

const diagnose = async (
  command: Omit<DoctorCommand, 'config'>,
  config: Deployment | undefined,
  terminal: Terminal,
): Promise<Diagnosis> => {
  const onProgress = (done: number, total: number, title: string): void =>
    terminal.err(`${ERASE_LINE}[${done + 1}/${total}] ${title}`);
  const diagnosis = await examine({ ...command, config, ...(terminal.progress ? { onProgress } : {}) });
  if (terminal.progress) terminal.err(ERASE_LINE);
  return diagnosis;
};

type Examined = Exclude<Diagnosis, { type: 'unreachable' }>;

const printed = (diagnosis: Examined, format: DoctorCommand['format'], colours: boolean): string => {
  const { report } = diagnosis;
  if (format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  if (diagnosis.type === 'no-keeper') {
    const line = `${report.url} has no Session Keeper: ${diagnosis.detail}.`;
    return format === 'github' ? annotation('error', 'Session Keeper', line) : `${line} ${NO_KEEPER_CURE}\n`;
  }
  return format === 'github' ? printAnnotations(report) : printReport(report, colours);
};

const NO_KEEPER_CURE = 'Name the path of its worker with --worker, or add it with: npx session-keeper init';

export const runDoctor = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const parsed = parseDoctor(args, terminal.env);
  if (parsed.type === 'help') {
    terminal.out(DOCTOR_USAGE);
    return EXIT.ok;
  }
  if (parsed.type === 'usage') {
    terminal.err(`${parsed.problem}\n\n${DOCTOR_USAGE}`);
    return EXIT.usage;
  }
  const { config: file, ...command } = parsed.command;
  const loaded = file === undefined ? undefined : await readConfigFile(file);
  if (loaded?.type === 'failed') {
    terminal.err(`--config ${loaded.problem}\n`);
    return EXIT.usage;
  }
  const diagnosis = await diagnose(command, loaded && deploymentOfConfig(loaded.config), terminal);
  if (diagnosis.type === 'unreachable') {
    terminal.err(`${diagnosis.detail}\nCheck the address, and that the server is running.\n`);
    return EXIT.usage;
  }
  terminal.out(printed(diagnosis, parsed.command.format, terminal.colours));
  const { report } = diagnosis;
  return report.counts.fail === 0 ? EXIT.ok : EXIT.failed;
};
