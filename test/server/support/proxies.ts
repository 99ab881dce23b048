import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, installProgram, type DebianProgram } from '../../../scripts/process/debian-program.ts';

/** What takes the place of the ports and files in a recipe below `deploy`. */
export type RecipePlace = {
  /** An empty folder. It gets `tls.crt`, `tls.key` and `tls.pem`. */
  dir: string;
  port: number;
  /** Ports of the application and of the provider on two instances, and of another service. */
  apps: readonly [number, number];
  providers: readonly [number, number];
  other: number;
};

export type ProxyKind = {
  name: string;
  program: DebianProgram;
  /** CI installs it. The others are tested where they are. */
  required: boolean;
  recipe: string;
  /** Writes what the recipe needs around it, and returns the arguments that run it, and those that only check it. */
  prepare(recipe: string, place: RecipePlace): { run: readonly string[]; check: readonly string[] };
};

const isRoot = process.getuid?.() === 0;

const nginx: ProxyKind = {
  name: 'nginx',
  program: { name: 'nginx', versionArgs: ['-v'], package: 'nginx-light' },
  required: true,
  recipe: 'nginx.conf',
  prepare(recipe, { dir }) {
    writeFileSync(join(dir, 'recipe.conf'), recipe);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `  ${name}_temp_path ${dir}/${name};`,
    );
    const lines = [
      ...(isRoot ? ['user root;'] : []),
      'daemon off;',
      `pid ${dir}/pid;`,
      `error_log ${dir}/log;`,
      'events {}',
      `http {\n  access_log off;\n${temporary.join('\n')}\n  include ${dir}/recipe.conf;\n}`,
    ];
    writeFileSync(join(dir, 'main.conf'), lines.join('\n'));
    const args = ['-c', join(dir, 'main.conf'), '-e', join(dir, 'log')];
    return { run: args, check: ['-t', '-q', ...args] };
  },
};

const haproxy: ProxyKind = {
  name: 'HAProxy',
  program: { name: 'haproxy', versionArgs: ['-v'], package: 'haproxy' },
  required: true,
  recipe: 'haproxy.cfg',
  prepare(recipe, { dir }) {
    writeFileSync(join(dir, 'haproxy.cfg'), recipe);
    const args = ['-f', join(dir, 'haproxy.cfg')];
    return { run: ['-db', ...args], check: ['-c', '-q', ...args] };
  },
};

const APACHE_MODULES =
  'mpm_event authz_core headers ssl socache_shmcb http2 proxy proxy_http proxy_balancer proxy_hcheck lbmethod_byrequests lbmethod_bybusyness slotmem_shm';

const apache: ProxyKind = {
  name: 'Apache',
  program: { name: 'apache2', versionArgs: ['-v'], package: 'apache2' },
  required: false,
  recipe: 'apache.conf',
  prepare(recipe, { dir, port }) {
    const modules = APACHE_MODULES.split(' ').map(
      (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
    );
    const lines = [
      `ServerRoot ${dir}`,
      `DefaultRuntimeDir ${dir}`,
      `PidFile ${dir}/pid`,
      `ErrorLog ${dir}/log`,
      'ServerName localhost',
      ...(isRoot ? ['User www-data', 'Group www-data'] : []),
      ...modules,
      `Listen 127.0.0.1:${port}`,
      recipe,
    ];
    writeFileSync(join(dir, 'apache.conf'), lines.join('\n'));
    const args = ['-d', dir, '-f', join(dir, 'apache.conf')];
    return { run: ['-DFOREGROUND', ...args], check: ['-t', ...args] };
  },
};

const caddy: ProxyKind = {
  name: 'Caddy',
  program: { name: 'caddy', versionArgs: ['version'], package: 'caddy' },
  required: false,
  recipe: 'Caddyfile',
  prepare(recipe, { dir }) {
    // The test reaches it without port 80, and beside another Caddy.
    writeFileSync(join(dir, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${recipe}`);
    const args = ['--config', join(dir, 'Caddyfile'), '--adapter', 'caddyfile'];
    return { run: ['run', ...args], check: ['validate', ...args] };
  },
};

export const PROXIES: readonly ProxyKind[] = [nginx, haproxy, apache, caddy];

/** Path of the program, `undefined` for one that need not be there. */
export const locateProxy = ({ name, program, required }: ProxyKind): string | undefined => {
  const path = required ? installProgram(program) : findProgram(program);
  if (path !== undefined || !required) return path;
  throw new Error(`These tests need ${name}. Install it with: apt-get install ${program.package} (as root).`);
};

/** The recipe with this machine's ports and files. Throws for a port that the recipe does not name. */
const fill = (kind: ProxyKind, { dir, port, apps, providers, other }: RecipePlace): string => {
  const places: readonly (readonly [string, number])[] = [
    ['443', port],
    ...([0, 1] as const).flatMap((n) => [
      [String(4173 + 2 * n), apps[n]] as const,
      [String(4174 + 2 * n), providers[n]] as const,
    ]),
    ['8080', other],
  ];
  const named = new Map(places.map(([name, value]) => [name, String(value)]));
  const text = readFileSync(new URL(`../../../deploy/${kind.recipe}`, import.meta.url), 'utf8');
  const missing = [...named.keys()].filter((name) => !new RegExp(String.raw`\b${name}\b`).test(text));
  if (missing.length > 0) throw new Error(`${kind.recipe} does not name the ports ${missing.join(', ')}.`);
  return text
    .replaceAll(/\b(?:443|417[3-6]|8080)\b/g, (found) => named.get(found) ?? found)
    .replaceAll('/etc/ssl/session-keeper', `${dir}/tls`);
};

const listens = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(false));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
  });

/** Resolves when `test` does with `true`. A rejection counts as `false`. */
export const eventually = async (test: () => Promise<boolean>): Promise<void> => {
  while (!(await test().catch(() => false))) await delay(50);
};

export type RunningProxy = { /** Warnings of its own check of the recipe. */ warnings: string; stop(): Promise<void> };

/** What a check says of a good recipe, and what Caddy says of the certificate and the settings of the test. */
const USUAL = /^Syntax OK$|^Valid configuration$|^\{"level":"info".*\}$|^\{.*(OCSP|redirects are disabled).*\}$/gm;

/** Starts the proxy with its recipe. Resolves when it listens. */
export const startProxy = async (
  kind: ProxyKind,
  path: string,
  place: RecipePlace,
  { key, cert }: { key: string; cert: string },
): Promise<RunningProxy> => {
  mkdirSync(place.dir, { recursive: true });
  for (const [ending, text] of [['crt', cert] as const, ['key', key] as const, ['pem', `${cert}\n${key}`] as const])
    writeFileSync(join(place.dir, `tls.${ending}`), text);
  const { run, check } = kind.prepare(fill(kind, place), place);
  const env = { ...process.env, XDG_DATA_HOME: place.dir, XDG_CONFIG_HOME: place.dir, HOME: place.dir };
  const { status, stdout, stderr } = spawnSync(path, check, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${kind.name} refuses its recipe: ${stdout}${stderr}`);
  const child = spawn(path, run, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  while (!(await listens(place.port))) {
    if (child.exitCode !== null) throw new Error(`${kind.name} ended with ${child.exitCode}: ${errors}`);
    await delay(20);
  }
  return {
    warnings: `${stdout}${stderr}`.replaceAll(USUAL, '').trim(),
    async stop() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    },
  };
};
