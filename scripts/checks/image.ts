import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Builds the container image and drives it with a read-only root (`npm run image`). It needs a Docker daemon. The test
 * production.test.ts runs the same steps without one.
 */

const BUILD_LIMIT_MS = 10 * 60_000;
const HEALTHY_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 500;

const docker = async (args: readonly string[], timeout?: number): Promise<string> =>
  (await promisify(execFile)('docker', args, { timeout })).stdout.trim();

const name = `session-keeper-check-${process.pid}`;

const untilHealthy = async (): Promise<void> => {
  const giveUpAt = performance.now() + HEALTHY_WITHIN_MS;
  for (;;) {
    const isHealthy = await docker(['exec', name, 'node', 'bin/healthy.mjs']).then(
      () => true,
      () => false,
    );
    if (isHealthy) return;
    if (performance.now() > giveUpAt) throw new Error(`The container is not healthy:\n${await docker(['logs', name])}`);
    await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
  }
};

await docker(['build', '--quiet', '--tag', name, '.'], BUILD_LIMIT_MS);
try {
  await docker(['run', '--detach', '--read-only', '--volume', '/data', '--name', name, name]);
  await untilHealthy();
  const user = await docker(['exec', name, 'id', '-un']);
  if (user !== 'node') throw new Error(`The server runs as ${user}.`);
  await docker(['stop', name]);
  const code = await docker(['inspect', '--format', '{{.State.ExitCode}}', name]);
  if (code !== '0') throw new Error(`The server ended with exit ${code}.`);
  console.log('The image serves with a read-only root, as the user node, and stops with exit 0.');
} finally {
  await docker(['rm', '--force', '--volumes', name]).catch(() => undefined);
  await docker(['image', 'rm', name]).catch(() => undefined);
}
