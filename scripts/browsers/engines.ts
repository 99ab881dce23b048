/**
 * `npm run test:engines [-- <arguments of playwright test>]`: the stories of test/engines in Firefox and WebKit.
 * It uses the installed browsers, or installs Debian's packages as root, or prints how to install them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findFirefox, findWebKit, hasDesktopShell } from './find-engines.ts';
import { ended, start } from '../process/run.ts';

type Wanted = { name: string; here: () => boolean; packages: readonly string[] };

const ENGINES: readonly Wanted[] = [
  { name: 'firefox', here: () => findFirefox() !== undefined, packages: ['firefox-esr'] },
  {
    name: 'webkit',
    here: () => findWebKit() !== undefined && hasDesktopShell(),
    packages: ['webkit2gtk-driver', 'xvfb', 'xauth', 'python3-gi', 'gir1.2-gtk-3.0', 'gir1.2-webkit2-4.1'],
  },
];

const args = process.argv.slice(2);
const project = (name: string): string => `--project=${name}`;
const named = ENGINES.filter(({ name }) => args.includes(project(name)));
const missing = (named.length > 0 ? named : ENGINES).filter(({ here }) => !here());
const packages = missing.flatMap((engine) => engine.packages);

if (packages.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const command of [['update'], ['install', '-y', '--no-install-recommends', ...packages]])
    spawnSync('apt-get', command, { stdio: ['ignore', 2, 2], env });
}

const absent = missing.filter(({ here }) => !here());
for (const { name, packages: wanted } of absent)
  console.error(`${name} is not installed. On Debian or Ubuntu: sudo apt-get install ${wanted.join(' ')}`);

process.exitCode =
  absent.length > 0
    ? 1
    : await ended(start('playwright', ['test', '--config', 'playwright.engines.config.ts', ...args]));
