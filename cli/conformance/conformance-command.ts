import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { isObject, parseJson, stringAt } from '../../src/protocol/schema/json.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { CONFORMANCE_CHECKS } from './checks.ts';
import { lossCheck, type DataLoss } from './loss.ts';
import { Tester, type ConformanceCheck, type ServerUnderTest } from './wire.ts';

export const CONFORMANCE_USAGE = `session-keeper conformance <url> [options]

Checks that a server implements keeper.1 (docs/reference/protocol-keeper.1.md). It writes only to its own new topics.

  --socket PATH     the socket endpoint (default /api/socket)
  --ticket PATH     the ticket endpoint (default /api/v1/socket/ticket)
  --bearer TOKEN    an access token for tickets; better: set SESSION_KEEPER_BEARER
  --user NAME       without a token: an account to sign in with (POST to --login, JSON username and password)
  --password SECRET its password; better: set SESSION_KEEPER_PASSWORD, which no process list shows
  --login PATH      the sign-in endpoint (default /api/v1/auth/login)
  --timeout SECONDS limit for one answer (default 5)
  --save COMMAND    with --restore: a shell command that backs up the server's data
  --restore COMMAND a shell command that puts this backup back. Then one more check runs, after all others: whether readers
                    learn of the messages that the server lost by it
  --json            print the results as JSON

Exit code: 0 the server conforms, 1 a check failed, 2 wrong usage or no sign-in.
`;

const OPTIONS = {
  socket: { type: 'string', default: '/api/socket' },
  ticket: { type: 'string', default: '/api/v1/socket/ticket' },
  login: { type: 'string', default: '/api/v1/auth/login' },
  bearer: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  timeout: { type: 'string', default: '5' },
  save: { type: 'string' },
  restore: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const read = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const signIn = async (url: URL, username: string, password: string): Promise<string | undefined> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const body = parseJson(await response.text());
  return response.ok && isObject(body) ? stringAt(body, 'access_token') : undefined;
};

export type ConformanceResult = { name: string; section: string; error: string | undefined };

const runCheck = async (
  { name, section, run }: ConformanceCheck,
  target: ServerUnderTest,
): Promise<ConformanceResult> => {
  const tester = new Tester(target);
  try {
    await run(tester);
    return { name, section, error: undefined };
  } catch (error) {
    return { name, section, error: error instanceof Error ? error.message : String(error) };
  } finally {
    tester.end();
  }
};

/** Runs all checks at once: each uses its own hosts and topics, and some wait for a heartbeat. */
export const checkServer = (
  target: ServerUnderTest,
  checks: readonly ConformanceCheck[] = CONFORMANCE_CHECKS,
): Promise<ConformanceResult[]> => Promise.all(checks.map((check) => runCheck(check, target)));

const shell = (command: string): Promise<void> =>
  new Promise((done, fail) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (code) => (code === 0 ? done() : fail(new Error(`"${command}" ended with ${code}.`))));
  });

/** `undefined` without the commands. */
const lossFrom = (save: string | undefined, restore: string | undefined): DataLoss | undefined =>
  save === undefined || restore === undefined ? undefined : { save: () => shell(save), restore: () => shell(restore) };

/** The server at this address, with the default paths for those not given. */
export const serverAt = (
  url: URL,
  bearer: string,
  {
    socket = OPTIONS.socket.default,
    ticket = OPTIONS.ticket.default,
    answerMs = 5_000,
  }: { socket?: string; ticket?: string; answerMs?: number } = {},
): ServerUnderTest => ({
  ticketUrl: new URL(ticket, url).href,
  socketUrl: new URL(socket, url).href.replace(/^http/, 'ws'),
  origin: url.origin,
  headers: { authorization: `Bearer ${bearer}` },
  answerMs,
});

const line = ({ name, section, error }: ConformanceResult): string =>
  error === undefined
    ? `  ok    §${section.padEnd(3)} ${name}\n`
    : `  FAIL  §${section.padEnd(3)} ${name}\n             ${error}\n`;

export const runConformance = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const wrong = (problem: string): ExitCode => {
    terminal.err(`${problem}\n\n${CONFORMANCE_USAGE}`);
    return EXIT.usage;
  };
  const parsed = read(args);
  if (typeof parsed === 'string') return wrong(parsed);
  const { values, positionals } = parsed;
  if (values.help) {
    terminal.out(CONFORMANCE_USAGE);
    return EXIT.ok;
  }
  const [address = ''] = positionals;
  const seconds = Number(values.timeout);
  if (!URL.canParse(address) || !(seconds > 0)) return wrong('Give one address, for example https://app.example/');
  const url = new URL(address);
  const password = values.password ?? terminal.env['SESSION_KEEPER_PASSWORD'];
  const bearer =
    values.bearer ??
    terminal.env['SESSION_KEEPER_BEARER'] ??
    (values.user !== undefined && password !== undefined
      ? await signIn(new URL(values.login, url), values.user, password).catch(() => undefined)
      : undefined);
  if (bearer === undefined) return wrong('Pass --bearer, or --user and --password of an account that can sign in.');
  const { socket, ticket, save, restore } = values;
  if ((save === undefined) !== (restore === undefined)) return wrong('Give --save and --restore together.');
  const target = serverAt(url, bearer, { socket, ticket, answerMs: seconds * 1_000 });
  const loss = lossFrom(save, restore);
  const results = [...(await checkServer(target)), ...(loss ? await checkServer(target, [lossCheck(loss)]) : [])];
  const failed = results.filter(({ error }) => error !== undefined).length;
  if (values.json) terminal.out(`${JSON.stringify({ url: url.href, failed, results }, undefined, 2)}\n`);
  else terminal.out(`${results.map(line).join('')}${results.length - failed} of ${results.length} passed\n`);
  return failed === 0 ? EXIT.ok : EXIT.failed;
};
