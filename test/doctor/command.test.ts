import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/cli.ts';
import type { Terminal } from '../../cli/doctor/doctor-command.ts';
import { printReport } from '../../cli/doctor/print.ts';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { reportOn } from './support/run.ts';
import { script, startSite, workerHeaders, type TestSite } from './support/site.ts';
import { worker } from './support/spoil.ts';

const BIN = fileURLToPath(new URL('../../bin/session-keeper.mjs', import.meta.url));
const KEEPER_AS_TEXT = { worker: worker({ 'content-type': 'text/plain' }) };
let good: TestSite;
let bad: TestSite;
beforeAll(async () => {
  good = await startSite();
  bad = await startSite({ lab: () => ({ body: '[]' }), ...KEEPER_AS_TEXT });
});
afterAll(() => Promise.all([good.stop(), bad.stop()]));

type Ran = { code: number; out: string; err: string };

const run = async (args: readonly string[], change: Partial<Terminal> = {}): Promise<Ran> => {
  const written = { out: '', err: '' };
  const terminal: Terminal = {
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    colours: false,
    progress: false,
    env: {},
    ...change,
  };
  return { code: await main(args, terminal), ...written };
};

/** The executable itself, as `npx session-keeper` starts it. */
const execute = (args: readonly string[]): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const written = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (written.err += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, ...written }));
  });

describe('executable', () => {
  test('exits with 0 and prints the report as JSON when the deployment is correct', async () => {
    const { code, out } = await execute(['doctor', `${good.origin}/`, '--no-browser', '--json']);
    expect(code).toBe(0);
    const report = parseJson(out);
    expect(isObject(report) && own(report, 'counts')).toMatchObject({ warn: 0, fail: 0 });
  });

  test('exits with 1 when a check fails, and with 2 when the server does not respond', async () => {
    expect(await execute(['doctor', `${bad.origin}/`, '--no-browser'])).toMatchObject({ code: 1 });
    const gone = await startSite();
    await gone.stop();
    const { code, err, out } = await execute(['doctor', gone.origin]);
    expect(code).toBe(2);
    expect(err).toContain(`No answer from ${gone.origin}`);
    expect(out).toBe('');
  });
});

describe('server that accepts a connection and sends nothing', () => {
  test('gives up after the timeout', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, err } = await run(['doctor', `http://127.0.0.1:${port}/`, '--timeout', '0.2']);
    mute.close();
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('nothing within 200 ms') as unknown });
  });
});

describe('site without a keeper', () => {
  const FOREIGN = "self.addEventListener('push', () => {});";

  test.each([
    ['has no worker', () => ({ status: 404 }), '/sw.js answers 404'],
    [
      'answers each path with its page',
      () => ({ headers: { 'content-type': 'text/html' }, body: '<p>' }),
      '/sw.js is a page',
    ],
    [
      'has a worker of another kind',
      () => ({ headers: { 'content-type': 'text/javascript' }, body: FOREIGN }),
      '/sw.js is a worker of another kind',
    ],
  ])('is named in one line, with exit code 1, when it %s', async (_name, answer, found) => {
    const site = await startSite({ worker: answer });
    try {
      const { code, out } = await run(['doctor', site.origin, '--no-browser']);
      expect(code).toBe(1);
      expect(out.trim().split('\n')).toHaveLength(1);
      expect(out).toContain(`has no Session Keeper: ${found}. Name the path`);
      const asJson = await run(['doctor', site.origin, '--no-browser', '--json']);
      expect(parseJson(asJson.out)).toMatchObject({ keeper: 'absent', counts: { fail: 1 } });
    } finally {
      await site.stop();
    }
  });

  test('is not assumed when a worker imports the keeper, with its configuration in that script', async () => {
    const site = await startSite({
      worker: (_request, own) => ({ headers: workerHeaders(own), body: `importScripts('./app.js');\n${FOREIGN}` }),
      asset: (_request, own) => ({ headers: workerHeaders(own), body: script(own) }),
    });
    try {
      const report = await reportOn(site);
      expect(report.checks.find(({ id }) => id === 'worker-config')).toMatchObject({ verdict: 'ok' });
    } finally {
      await site.stop();
    }
  });
});

describe('server that hangs after its page', () => {
  test('gets two requests that wait, and each check after them says that it was not tried', async () => {
    const waiting = createHttpServer((request, response) => {
      if (request.url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    }).listen(0, '127.0.0.1');
    await once(waiting, 'listening');
    const address = waiting.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const startedAt = performance.now();
    const { code, out } = await run(['doctor', origin, '--no-browser', '--timeout', '0.5', '--json']);
    waiting.closeAllConnections();
    waiting.close();
    expect(code).toBe(1);
    expect(out.match(/so this was not tried/g)?.length).toBeGreaterThan(1);
    expect(out.match(/nothing within 500 ms/g)?.length).toBeGreaterThan(0);
    // Each request that waits costs half a second.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('annotations', () => {
  test('are one line of GitHub Actions for each failure and warning', async () => {
    const { code, out } = await run(['doctor', bad.origin, '--no-browser', '--github']);
    expect(code).toBe(1);
    const lines = out.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^::error title=The script has a JavaScript type::http:.*%0A/);
    expect(lines[1]).toMatch(/^::warning title=The fault routes are not open::/);
  });
});

describe('usage', () => {
  test.each([
    [[], ''],
    [['doctor'], 'Give one address'],
    [['doctor', 'a', 'b'], 'Give one address'],
    [['doctor', 'app.example'], 'give an http(s) address'],
    [['doctor', 'ftp://app.example/'], 'give an http(s) address'],
    [['doctor', 'https://app.example/', '--worker', 'https://cdn.example/sw.js'], 'same origin'],
    [['doctor', 'https://app.example/', '--timeout', 'soon'], '--timeout soon'],
    [['doctor', 'https://app.example/', '--user', 'demo'], '--password'],
    [['doctor', 'https://app.example/', '--config', '/nowhere.json'], '--config /nowhere.json'],
    [['doctor', 'https://app.example/', '--config', 'package.json'], 'config.whoami is missing. Write a string.'],
    [['lab', 'https://app.example/', '--config', 'package.json'], 'config.whoami is missing. Write a string.'],
    [['doctor', 'https://app.example/', '--frobnicate'], '--frobnicate'],
    [['cure'], 'no command "cure"'],
  ])('refuses %j with exit code 2', async (args, problem) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toContain(problem);
  });

  test.each([[['--help']], [['doctor', '--help']]])('prints the usage for %j', async (args) => {
    expect(await run(args)).toMatchObject({ code: 0, out: expect.stringContaining('--no-browser') as unknown });
  });

  test('reads the password from the environment', async () => {
    const args = ['doctor', good.origin, '--no-browser', '--user', 'someone'];
    const { out } = await run(args, { env: { SESSION_KEEPER_PASSWORD: 'right' } });
    expect(out).toContain('✓ Signing in works');
    expect(out).not.toContain('right\n');
  });
});

describe('report', () => {
  test('prints one line for a passed check and three for a failed one', async () => {
    const { out } = await run(['doctor', bad.origin, '--no-browser']);
    const lines = out.split('\n');
    const at = lines.indexOf('  ✗ The script has a JavaScript type: content-type is text/plain');
    expect(lines[at + 1]).toMatch(/^ {6}why {3}\S/);
    expect(lines[at + 2]).toMatch(/^ {6}fix {3}\S/);
    expect(lines).toContain('  ! The fault routes are not open: /lab/log answers with the request log');
    expect(lines[lines.indexOf('  ✓ No other site can frame the page: frame-ancestors: none') + 1]).toMatch(/^ {2}\S/);
    expect(out).toMatch(/\n\d+ ok, 1 warning, 1 failure, \d+ not checked\n$/);
  });

  test('prints colours and progress only on a terminal', async () => {
    const plain = await run(['doctor', good.origin, '--no-browser']);
    expect(plain.out + plain.err).not.toContain('\u001B');
    const coloured = await run(['doctor', good.origin, '--no-browser'], { colours: true, progress: true });
    expect(coloured.out).toContain('\u001B[32m✓\u001B[0m');
    expect(coloured.err).toMatch(/\[1\/\d+\] The worker script exists/);
  });

  test('removes control characters that a server sends', async () => {
    const site = await startSite({
      worker: (_request, own) => ({ headers: { 'content-type': 'text/\u009B31mred' }, body: script(own) }),
    });
    try {
      const printed = printReport(await reportOn(site), false);
      expect(printed).toContain('·31mred');
      expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    } finally {
      await site.stop();
    }
  });
});
