import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { freePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { ended, start } from '../../scripts/process/run.ts';
import { DEFAULT_CLIENT_ID, DEFAULT_SCOPE, keeperConfig } from '../../server/worker/keeper-config.ts';
import { CONFIG_GLOBAL } from '../../src/protocol/config.ts';
import { createFaultClient, type FaultClient } from '../../test/support/server/fault-client.ts';
import type { Subject } from './subjects.ts';

/** The site of one subject, on an origin of its own. */
export type Site = {
  readonly subject: Subject;
  readonly origin: string;
  /** Starts the subject. */
  readonly page: string;
  /** The same page, where the subject does nothing by itself. */
  readonly idlePage: string;
  readonly lab: FaultClient;
};

export type Sites = { readonly all: readonly Site[]; stop(): Promise<void> };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEEPER = 'keeper-sw.js';
const LIBRARY = '<link rel="modulepreload" href="/keeper.js">';

const workerOf = ({ name, worker }: Subject): string => {
  if (worker === 'served keeper') return `/${KEEPER}`;
  // A library registers its worker under the name that it has.
  return typeof worker === 'object' && 'library' in worker ? `/${basename(worker.library)}` : `/bench-${name}-sw.js`;
};

const issuerOf = (port: number): string => `http://localhost:${port + 1}`;

const html = (subject: Subject, port: number): string => {
  const kind = subject.signIn === 'password' ? 'password' : 'oidc';
  const worker = subject.worker === undefined ? '' : ` data-worker="${workerOf(subject)}"`;
  const library = subject.role === 'keeper' ? LIBRARY : '';
  return `<!doctype html><html data-kind="${kind}" data-issuer="${issuerOf(port)}"${worker}><title>${subject.name}</title>${library}<script type="module" src="page.js"></script>`;
};

/** The provider sends users back to the app's document. This one sends them on to the subject that they came from. */
const RETURN =
  '<!doctype html><title>Back</title><script>location.replace(localStorage.getItem("bench") + location.search)</script>';

/** Minified, as the product is. */
const build = async (source: string, format: 'es' | 'iife', file: string): Promise<void> => {
  const bundle = await rolldown({
    input: join(ROOT, 'bench/compare/subjects', source),
    platform: 'browser',
    external: ['/keeper.js'],
    transform: { target: 'es2022' },
  });
  await bundle.write({ format, minify: true, file });
  await bundle.close();
};

/** As a static host has it: the configuration, and no seal. */
const bakedKeeper = (script: string, { signIn }: Subject, port: number): string => {
  const embedded = signIn !== 'bearer';
  const config = keeperConfig({ issuer: issuerOf(port), clientId: DEFAULT_CLIENT_ID, scope: DEFAULT_SCOPE, embedded });
  return `self.${CONFIG_GLOBAL} = ${JSON.stringify({ config })};\n${script}`;
};

/** Adds a subject's page and worker to the built site. `prelude` comes before the code of its worker. */
const addSubject = async (dist: string, subject: Subject, port: number, prelude: string): Promise<void> => {
  const folder = join(dist, 'bench', subject.name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'index.html'), html(subject, port));
  await build(subject.page, 'es', join(folder, 'page.js'));
  const { worker } = subject;
  if (worker === undefined) return;
  const path = join(dist, workerOf(subject));
  if (typeof worker === 'object' && 'source' in worker) await build(worker.source, 'iife', path);
  else
    await cp(
      typeof worker === 'object' ? join(ROOT, 'node_modules', worker.library) : join(ROOT, 'dist', KEEPER),
      path,
    );
  const script = await readFile(path, 'utf8');
  await writeFile(path, prelude + (worker === 'static keeper' ? bakedKeeper(script, subject, port) : script));
  if (typeof worker === 'object' && 'library' in worker)
    await writeFile(join(dist, TRUSTED_DOMAINS), trustedDomains(port));
};

/** The worker of `@axa-fr/oidc-client` imports its configuration from this file. */
const TRUSTED_DOMAINS = 'OidcTrustedDomains.js';
const trustedDomains = (port: number): string =>
  `const trustedDomains = ${JSON.stringify({
    default: {
      oidcDomains: [issuerOf(port)],
      accessTokenDomains: [`http://localhost:${port}/api/`],
      bypassAllNonOidcRequests: true,
    },
  })};\n`;

const distinctPortPairs = async (count: number): Promise<number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePortPair());
  return [...ports];
};

/** The built application with the subjects beside it. `prelude`: a script to run before the code of each worker. */
export const startSites = async (subjects: readonly Subject[], prelude = ''): Promise<Sites> => {
  const folder = await mkdtemp(join(tmpdir(), 'keeper-bench-'));
  const [dist, data] = [join(folder, 'dist'), join(folder, 'data')];
  await cp(join(ROOT, 'dist'), dist, { recursive: true });
  const ports = await distinctPortPairs(subjects.length);
  const all = subjects.map((subject, index): Site => {
    const origin = `http://localhost:${ports[index]}`;
    const page = `${origin}/bench/${subject.name}/index.html`;
    return { subject, origin, page, idlePage: `${page}?idle`, lab: createFaultClient(origin) };
  });
  for (const [index, subject] of subjects.entries()) await addSubject(dist, subject, ports[index] ?? 0, prelude);
  await writeFile(join(dist, 'index.html'), RETURN);
  const workers = subjects.map(workerOf).join(',');
  const script = fileURLToPath(new URL('serve.ts', import.meta.url));
  const kinds = subjects.map(({ signIn }, index) => `${ports[index]}:${signIn}`);
  const args = ['--import', 'tsx', script, dist, data, workers, ...kinds];
  const server = start('node', args, { stdout: 'pipe', stderr: 'pipe' });
  // It says where its data is, and that is gone after the run.
  await ready(server, () => undefined);
  return {
    all,
    stop: async () => {
      const end = ended(server);
      server.kill();
      await end;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
