import { spawnSync } from 'node:child_process';

/** Also where only root's path leads: Debian keeps servers there. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** A program of this machine: its name, arguments with which it ends at once, and the package of Debian that has it. */
export type DebianProgram = { name: string; versionArgs: readonly string[]; package: string };

const answers = (path: string, { versionArgs }: DebianProgram): boolean =>
  spawnSync(path, versionArgs, { stdio: 'ignore', env: { ...process.env, PATH } }).status === 0;

const aptGet = (...args: string[]): boolean =>
  spawnSync('apt-get', args, {
    stdio: 'ignore',
    // With the runlevel of a machine that starts, Debian's packages do not start their services.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  }).status === 0;

/** Path of the program, `undefined` when this machine does not have it. */
export const findProgram = (program: DebianProgram): string | undefined =>
  [program.name, `/usr/sbin/${program.name}`].find((path) => answers(path, program));

/** The same, and installs Debian's package when this user may. */
export const installProgram = (program: DebianProgram): string | undefined => {
  const found = findProgram(program);
  if (found !== undefined || process.getuid?.() !== 0) return found;
  const install = ['install', '-y', '--no-install-recommends', program.package];
  if (!aptGet(...install)) aptGet('update');
  if (findProgram(program) === undefined) aptGet(...install);
  return findProgram(program);
};
