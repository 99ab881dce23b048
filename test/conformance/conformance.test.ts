import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONFORMANCE_CHECKS } from '../../cli/conformance/checks.ts';
import { checkServer, serverAt } from '../../cli/conformance/conformance-command.ts';
import { lossCheck } from '../../cli/conformance/loss.ts';
import { main } from '../../cli/cli.ts';
import { withFreePortPair } from '../../scripts/process/free-port.ts';
import { backUp, restore } from '../../server/data-folder/backup.ts';
import { passwordLogin, startTestServer, temporaryDir, type TestServer } from '../server/support/start.ts';
import { BREAKAGES } from './breakages.ts';
import { startBrokenHub, type Breakage } from './broken-hub.ts';

/** The server pings after half of it, so a busy machine has the other half. The server waits as long for a greeting. */
const HEARTBEAT_MS = 2_000;
/** Limits for an answer of a broken server, and of a conforming one. */
const ANSWER_MS = 1_500;
const PATIENCE_MS = 20_000;

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer({ heartbeatMs: HEARTBEAT_MS, acceptsPerSecond: 10_000 });
  token = (await passwordLogin(server.call)).access_token;
});
afterAll(() => server.stop());

test('passes every check against the embedded server', async () => {
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

test('exits with 2 when the sign-in fails', async () => {
  const terminal = { out: () => undefined, err: () => undefined, colours: false, progress: false, env: {} };
  expect(await main(['conformance', server.url, '--user', 'demo', '--password', 'wrong'], terminal)).toBe(2);
});

test('has a broken server for every check', () => {
  expect(Object.keys(BREAKAGES).toSorted()).toEqual(CONFORMANCE_CHECKS.map(({ name }) => name).toSorted());
});

test('passes every check against the proxy when it breaks nothing', async () => {
  const honest = await startBrokenHub(server.url, `Bearer ${token}`, {});
  const results = await checkServer(serverAt(honest.url, token, { answerMs: PATIENCE_MS }));
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  await honest.close();
});

describe('broken server', () => {
  for (const check of CONFORMANCE_CHECKS) {
    test.concurrent(`fails the check: ${check.name}`, async ({ expect }) => {
      const broken = await startBrokenHub(server.url, `Bearer ${token}`, BREAKAGES[check.name] ?? {});
      const [result] = await checkServer(serverAt(broken.url, token, { answerMs: ANSWER_MS }), [check]);
      expect(result?.error).toBeDefined();
      await broken.close();
    });
  }
});

describe('a server that lost messages', () => {
  /** A server on a data folder that can be put back, through a hub that breaks what `breakage` says. */
  const checkLoss = async (breakage: Breakage): Promise<string | undefined> => {
    const folder = temporaryDir();
    const [data, backup] = [join(folder.dir, 'data'), join(folder.dir, 'backup')];
    const startAt = (port: number): Promise<TestServer> =>
      startTestServer({ dataDir: data, port, acceptsPerSecond: 10_000, onNotice: () => undefined });
    // The port must be free again at the second start, so it is none that outgoing connections get.
    let own = await withFreePortPair(startAt);
    const port = Number(new URL(own.url).port);
    const { access_token: bearer } = await passwordLogin(own.call);
    const loss = {
      save: async (): Promise<void> => void (await backUp(data, backup)),
      restore: async (): Promise<void> => {
        await own.stop();
        await restore(backup, data);
        own = await startAt(port);
      },
    };
    const hub = await startBrokenHub(own.url, `Bearer ${bearer}`, breakage);
    try {
      const [result] = await checkServer(serverAt(hub.url, bearer, { answerMs: PATIENCE_MS }), [lossCheck(loss)]);
      return result?.error;
    } finally {
      await hub.close();
      await own.stop();
      folder.remove();
    }
  };

  test('passes the check of the embedded server [conformance-loss]', async () => {
    expect(await checkLoss({})).toBeUndefined();
  });

  test('fails it when it keeps the epoch, and when it drops the fork', async () => {
    const epochs = new Set<unknown>();
    const first = (epoch: unknown): unknown => epochs.add(epoch) && [...epochs][0];
    const sameEpoch: Breakage = {
      fromServer: (frame) => {
        if (frame[0] === 'ok') {
          const cursor = frame[3] as { epoch: string; offset: number };
          return [frame.with(3, { ...cursor, epoch: first(cursor.epoch) })];
        }
        return frame[0] === 'ev' ? [frame.with(2, first(frame[2]))] : [frame];
      },
    };
    expect(await checkLoss(sameEpoch)).toContain('of the same epoch means two messages');
    const silent: Breakage = { fromServer: (frame) => (frame[0] === 'fork' || frame[0] === 'gap' ? [] : [frame]) };
    expect(await checkLoss(silent)).toContain('neither fork nor gap');
  });
});
