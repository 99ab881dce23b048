import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended } from '../../scripts/process/run.ts';

/* The server from a build and production dependencies, by the steps of the Dockerfile. It needs `npm run build` first. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let app: string;
let port: number;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'keeper-app-'));
  const recipe = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const final = recipe.slice(recipe.lastIndexOf('FROM '));
  const copied = [...final.matchAll(/^COPY (?!--from=dependencies)(?:--from=build \/app\/)?(.+) \S+$/gm)];
  const files = copied.flatMap(([, names = '']) => names.split(' '));
  for (const file of [...files, 'package-lock.json', '.npmrc'])
    await cp(join(ROOT, file), join(app, file), { recursive: true });
  await run('npm', ['ci', '--omit=dev', '--ignore-scripts'], { cwd: app, timeout: 240_000 });
  port = await freePortPair();
  const { PATH, HOME } = process.env;
  env = { PATH, HOME, NODE_ENV: 'production', PORT: String(port), DATA_DIR: join(app, 'data', 'store') };
}, 300_000);
afterAll(() => rm(app, { recursive: true, force: true }));

/** All files of the application with their sizes and times. */
const outsideData = async (): Promise<readonly string[]> => {
  const entries = await readdir(app, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const own = files.filter((file) => !file.startsWith(join(app, 'data')));
  const stats = await Promise.all(own.map((file) => stat(file)));
  return own.map((file, at) => `${file} ${stats[at]?.size} ${stats[at]?.mtimeMs}`);
};

const serve = (): ChildProcess =>
  spawn('node', ['bin/serve.mjs'], { cwd: app, env, stdio: ['ignore', 'pipe', 'pipe'] });
const healthy = (): Promise<number> => ended(spawn('node', ['bin/healthy.mjs'], { cwd: app, env, stdio: 'ignore' }));

describe('a server from production dependencies', () => {
  test('has no compiler and no loader', async () => {
    const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: app, env });
    expect(stdout).not.toMatch(/node_modules\/(tsx|vite|typescript|rolldown|esbuild)$/m);
  });

  test('serves the application, signs in, is healthy, and stops with exit 0', async () => {
    const before = await outsideData();
    const server = serve();
    const lines: string[] = [];
    const url = await ready(server, (line) => lines.push(line));
    expect(await (await fetch(url, { headers: { accept: 'text/html' } })).text()).toContain('<title>');
    expect((await fetch(`${url}.server/server/main.js`)).status).toBe(404);
    const login = await fetch(`${url}api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'demo', password: 'demo' }),
    });
    expect(login.status).toBe(200);
    expect((await fetch(`${url}lab/log`)).status).toBe(404);
    expect(await healthy()).toBe(0);
    server.kill('SIGTERM');
    expect(await ended(server)).toBe(0);
    expect(await healthy()).toBe(1);
    expect(lines).toContain(`Data folder: ${join(app, 'data', 'store')}`);
    // The image has a root that it cannot write.
    expect(await outsideData()).toEqual(before);
  });

  test('has the command line', async () => {
    const { stdout } = await run('node', ['bin/session-keeper.mjs', '--help'], { cwd: app, env });
    expect(stdout).toContain('session-keeper doctor');
  });

  test('refuses to start without a build, and says the command', async () => {
    for (const part of ['dist/.server', 'dist/index.html']) {
      await rename(join(app, part), join(app, 'away'));
      const { stderr } = await run('node', ['bin/serve.mjs'], { cwd: app, env }).catch(
        (error: { stderr: string }) => error,
      );
      expect(stderr).toMatch(/^There is no build: .* is missing\. Run "npm ci && npm run build" first\.\n$/);
      await rename(join(app, 'away'), join(app, part));
    }
  });
});
