import { expect, test } from 'vitest';
import { startKeeper } from '../../../bench/fleet/fleet.ts';
import { freePortPair } from '../../../scripts/process/free-port.ts';
import { ready } from '../../../scripts/process/ready.ts';
import { ended } from '../../../scripts/process/run.ts';
import { startRedis } from '../../../scripts/redis/start-redis.ts';
import { createNamespace, HOST_ADDRESS, mayIsolate } from '../support/namespace.ts';
import { temporaryDir, type PasswordAnswer } from '../support/start.ts';

/* One instance in a network of its own, whose cable is pulled. `cut-off.test.ts` cuts by a proxy, with sockets open. */

const canRun = mayIsolate();
if (!canRun) process.stderr.write('This process may not make network namespaces, so none is cut: that needs root.\n');

const WITHIN = { timeout: 60_000, interval: 500 };

test.runIf(canRun)(
  'keeps the sessions when the network of one instance is cut, and when it is back',
  async () => {
    const folder = temporaryDir();
    const namespace = createNamespace();
    const redis = await startRedis(['--bind', `127.0.0.1 ${HOST_ADDRESS}`, '--protected-mode', 'no']);
    const near = await startKeeper({ store: redis.url, dir: folder.dir, people: 1 });
    const store = `redis://${HOST_ADDRESS}:${redis.port}`;
    const args = [String(await freePortPair()), store, folder.dir, '1'];
    const child = namespace.spawn(process.execPath, ['--import', 'tsx', 'bench/fleet/instance.ts', ...args]);
    try {
      const far = await ready(child, () => undefined);
      const post = async (path: string, body: object): Promise<PasswordAnswer> => {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`${near.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
        expect(answer.status).toBe(200);
        return (await answer.json()) as PasswordAnswer;
      };
      const whoami = (token: string): Promise<number> =>
        namespace.statusOf(`${far}/api/v1/auth/whoami`, { authorization: `Bearer ${token}` });
      const first = await post('/api/v1/auth/login', { username: 'user0', password: 'user0' });
      expect(await whoami(first.access_token)).toBe(200);

      namespace.cut();
      await expect.poll(() => namespace.statusOf(`${far}/readyz`), WITHIN).toBe(503);
      expect(await whoami(first.access_token), 'no one is signed out').toBe(503);
      expect((await fetch(`${near.url}/readyz`)).status).toBe(200);
      const second = await post('/api/v1/auth/refresh', { refresh_token: first.refresh_token });

      namespace.join();
      await expect.poll(() => namespace.statusOf(`${far}/readyz`), WITHIN).toBe(200);
      expect(await whoami(second.access_token), 'a token that it could not know').toBe(200);
      await post('/api/v1/auth/refresh', { refresh_token: second.refresh_token });
    } finally {
      const end = ended(child);
      child.kill('SIGTERM');
      await Promise.all([end, near.stop()]);
      await redis.stop();
      namespace.remove();
      folder.remove();
    }
  },
  180_000,
);
