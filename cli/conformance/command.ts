import { parseArgs } from 'node:util';
import { isObject, parseJson, stringAt } from '../../src/protocol/json.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/command.ts';
import type { Check } from './check.ts';
import { CHECKS } from './checks.ts';
import { Tester, type Target } from './wire.ts';

export const CONFORMANCE_USAGE = `session-keeper conformance <url> [options]

Checks that a server speaks keeper.1 (docs/reference/protocol-keeper.1.md). It writes to topics of its own only.

  --socket PATH     where sockets are opened (default /api/socket)
  --ticket PATH     where tickets are asked for (default /api/v1/socket/ticket)
  --bearer TOKEN    an access token for tickets; or set SESSION_KEEPER_BEARER
  --user NAME       instead: an account to sign in with (POST --login, JSON username and password)
  --password SECRET its password; or set SESSION_KEEPER_PASSWORD, which no process list shows
  --login PATH      where (default /api/v1/auth/login)
  --timeout SECONDS for one answer (default 5)
  --json            the results as JSON

Exit code: 0 it conforms, 1 it does not, 2 wrong usage or no sign-in.
`;

const OPTIONS = {
  socket: { type: 'string', default: '/api/socket' },
  ticket: { type: 'string', default: '/api/v1/socket/ticket' },
  login: { type: 'string', default: '/api/v1/auth/login' },
  bearer: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  timeout: { type: 'string', default: '5' },
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

export type Verdict = { name: string; section: string; fault: string | undefined };

const judge = async ({ name, section, run }: Check, target: Target): Promise<Verdict> => {
  const tester = new Tester(target);
  try {
    await run(tester);
    return { name, section, fault: undefined };
  } catch (error) {
    return { name, section, fault: error instanceof Error ? error.message : String(error) };
  } finally {
    tester.end();
  }
};

/** All checks at once: each has hosts and topics of its own, and some have to wait for a heartbeat. */
export const examineWire = (target: Target, checks: readonly Check[] = CHECKS): Promise<Verdict[]> =>
  Promise.all(checks.map((check) => judge(check, target)));

/** The target at this address, with the default paths unless others are given. */
export const targetAt = (
  url: URL,
  bearer: string,
  {
    socket = OPTIONS.socket.default,
    ticket = OPTIONS.ticket.default,
    answerMs = 5_000,
  }: { socket?: string; ticket?: string; answerMs?: number } = {},
): Target => ({
  ticketUrl: new URL(ticket, url).href,
  socketUrl: new URL(socket, url).href.replace(/^http/, 'ws'),
  origin: url.origin,
  headers: { authorization: `Bearer ${bearer}` },
  answerMs,
});

const line = ({ name, section, fault }: Verdict): string =>
  fault === undefined
    ? `  ok    §${section.padEnd(3)} ${name}\n`
    : `  FAIL  §${section.padEnd(3)} ${name}\n             ${fault}\n`;

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
    return EXIT.well;
  }
  const [address = ''] = positionals;
  const seconds = Number(values.timeout);
  if (!URL.canParse(address) || !(seconds > 0)) return wrong('One address is needed, for example https://app.example/');
  const url = new URL(address);
  const password = values.password ?? terminal.env['SESSION_KEEPER_PASSWORD'];
  const bearer =
    values.bearer ??
    terminal.env['SESSION_KEEPER_BEARER'] ??
    (values.user !== undefined && password !== undefined
      ? await signIn(new URL(values.login, url), values.user, password).catch(() => undefined)
      : undefined);
  if (bearer === undefined) return wrong('It needs --bearer, or --user and --password that are accepted.');
  const { socket, ticket } = values;
  const verdicts = await examineWire(targetAt(url, bearer, { socket, ticket, answerMs: seconds * 1_000 }));
  const failed = verdicts.filter(({ fault }) => fault !== undefined).length;
  if (values.json) terminal.out(`${JSON.stringify({ url: url.href, failed, verdicts }, undefined, 2)}\n`);
  else terminal.out(`${verdicts.map(line).join('')}${verdicts.length - failed} of ${verdicts.length} hold\n`);
  return failed === 0 ? EXIT.well : EXIT.failures;
};
