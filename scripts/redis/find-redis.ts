import { findProgram, installProgram } from '../process/debian-program.ts';

const REDIS = { name: 'redis-server', versionArgs: ['--version'], package: 'redis-server' };
const VALKEY = { name: 'valkey-server', versionArgs: ['--version'], package: 'valkey-server' };
const HELP =
  'These tests need a Redis or Valkey server of version 7 or newer. Install it with: apt-get install redis-server (as root), ' +
  'or set REDIS_SERVER to the path of its program.';

/** The program of a Redis server. Installs Debian's when there is none and this user may. Throws what to do else. */
export const ensureRedis = (): string => {
  const given = process.env['REDIS_SERVER'];
  const found = given !== undefined && given !== '' ? given : (findProgram(REDIS) ?? findProgram(VALKEY));
  const program = found ?? installProgram(REDIS);
  if (program === undefined) throw new Error(HELP);
  return program;
};
