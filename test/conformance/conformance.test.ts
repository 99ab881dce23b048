import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKS } from '../../cli/conformance/checks.ts';
import { examineWire, targetAt } from '../../cli/conformance/command.ts';
import { main } from '../../cli/cli.ts';
import { passwordLogin, startTestServer, type TestServer } from '../server/support/start.ts';
import { BREAKAGES } from './breakages.ts';
import { startBrokenHub } from './broken-hub.ts';

/** A ping comes at half of it: what is left is for a busy machine. A client that does not greet is waited for as long. */
const HEARTBEAT_MS = 2_000;
/** How long a broken server is waited for, and an honest one. */
const ANSWER_MS = 1_500;
const PATIENCE_MS = 20_000;

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ heartbeatMs: HEARTBEAT_MS, acceptsPerSecond: 10_000 });
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => server.stop());

test('our hub conforms, by the command', async () => {
  let out = '';
  const terminal = {
    out: (text: string) => void (out += text),
    err: () => undefined,
    colours: false,
    progress: false,
    env: { SESSION_KEEPER_PASSWORD: 'demo' },
  };
  const code = await main(
    ['conformance', server.url, '--user', 'demo', '--json', '--timeout', String(PATIENCE_MS / 1_000)],
    terminal,
  );
  expect(JSON.parse(out)).toMatchObject({ failed: 0 });
  expect(code).toBe(0);
});

test('without a sign-in that is accepted it says what it needs', async () => {
  const terminal = { out: () => undefined, err: () => undefined, colours: false, progress: false, env: {} };
  expect(await main(['conformance', server.url, '--user', 'demo', '--password', 'wrong'], terminal)).toBe(2);
});

test('every check has a server that fails it', () => {
  expect(Object.keys(BREAKAGES).toSorted()).toEqual(CHECKS.map(({ name }) => name).toSorted());
});

test('a server that breaks nothing passes in the same place, so that it is the breakage that is seen', async () => {
  const honest = await startBrokenHub(server.url, `Bearer ${token}`, {});
  const verdicts = await examineWire(targetAt(honest.url, token, { answerMs: PATIENCE_MS }));
  expect(verdicts.filter(({ fault }) => fault !== undefined)).toEqual([]);
  await honest.close();
});

describe('a broken server is seen', () => {
  for (const check of CHECKS) {
    test.concurrent(`not so: ${check.name}`, async ({ expect }) => {
      const broken = await startBrokenHub(server.url, `Bearer ${token}`, BREAKAGES[check.name] ?? {});
      const [verdict] = await examineWire(targetAt(broken.url, token, { answerMs: ANSWER_MS }), [check]);
      expect(verdict?.fault).toBeDefined();
      await broken.close();
    });
  }
});
