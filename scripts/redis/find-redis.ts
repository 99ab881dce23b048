import { spawnSync } from 'node:child_process';

const NAMES = ['redis-server', 'valkey-server'];
const HELP =
  'These tests need a Redis or Valkey server of version 7 or newer. Install it with: apt-get install redis-server (as root), ' +
  'or set REDIS_SERVER to the path of its program.';

const runs = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

const findRedis = (): string | undefined => {
  const given = process.env['REDIS_SERVER'];
  return given !== undefined && given !== '' ? given : NAMES.find(runs);
};

const aptGet = (...args: string[]): boolean =>
  spawnSync('apt-get', args, { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status ===
  0;

/** The program of a Redis server. Installs Debian's when there is none and this user may. Throws what to do else. */
export const ensureRedis = (): string => {
  const found = findRedis();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0) {
    const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
    if (!aptGet(...install)) aptGet('update');
    if (findRedis() === undefined) aptGet(...install);
  }
  const installed = findRedis();
  if (installed === undefined) throw new Error(HELP);
  return installed;
};
