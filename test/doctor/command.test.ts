import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/cli.ts';
import type { Terminal } from '../../cli/doctor/doctor-command.ts';
import { printReport } from '../../cli/doctor/print.ts';
import { isObject, own, parseJson } from '../../src/protocol/schema/json.ts';
import { reportOn } from './support/run.ts';
import { startSite, type TestSite } from './support/site.ts';

const BIN = fileURLToPath(new URL('../../bin/session-keeper.mjs', import.meta.url));
let good: TestSite;
let bad: TestSite;
beforeAll(async () => {
  good = await startSite();
  bad = await startSite({ lab: () => ({ body: '[]' }), worker: () => ({ status: 404 }) });
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
    [['doctor', 'https://app.example/', '--config', BIN], 'not a file with a KeeperConfig'],
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
    const at = lines.indexOf('  ✗ The worker script exists: /sw.js answers 404');
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
    const site = await startSite({ worker: () => ({ headers: { 'content-type': 'text/\u009B31mred' } }) });
    try {
      const printed = printReport(await reportOn(site), false);
      expect(printed).toContain('·31mred');
      expect(printed.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    } finally {
      await site.stop();
    }
  });
});
