import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

/* The recipes of `deploy` that no test can run here: a service, a cluster and containers. */

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
/** Variables of the server, and those that every Node process has. */
const documented = new Set(
  [...read('docs/reference/environment.md').matchAll(/`([A-Z_]{3,})`/g)].map(([, name]) => name),
);
const undocumented = (names: readonly string[]): string[] =>
  names.filter((name) => name !== 'NODE_ENV' && !documented.has(name));

type Probe = { httpGet: { path: string; port: string } };
type Labels = Record<string, string>;
type Container = {
  image: string;
  ports: { name: string; containerPort: number }[];
  env: { name: string; value?: string; valueFrom?: unknown }[];
  readinessProbe: Probe;
  livenessProbe: Probe;
  startupProbe: Probe;
  volumeMounts: { name: string; mountPath: string }[];
  securityContext: { readOnlyRootFilesystem: boolean };
};
type Manifests = {
  Deployment: {
    replicas: number;
    selector: { matchLabels: Labels };
    strategy: { rollingUpdate: { maxUnavailable: number } };
    template: { metadata: { labels: Labels }; spec: { containers: [Container]; volumes: { name: string }[] } };
  };
  PodDisruptionBudget: { maxUnavailable: number; selector: { matchLabels: Labels } };
  Service: { selector: Labels; ports: { name: string; targetPort: string }[] };
};

const manifest = <K extends keyof Manifests>(kind: K): Manifests[K] => {
  for (const document of parseAllDocuments(read('deploy/kubernetes.yaml'))) {
    if (document.errors.length > 0) throw new Error(String(document.errors[0]));
    const { kind: found, spec } = document.toJS() as { kind: string; spec: Manifests[K] };
    if (found === kind) return spec;
  }
  throw new Error(`The manifest has no ${kind}.`);
};

test('selects the pods of the deployment by the service and by the disruption budget', () => {
  const { template, selector, replicas, strategy } = manifest('Deployment');
  const { labels } = template.metadata;
  expect(selector.matchLabels).toEqual(labels);
  expect(manifest('Service').selector).toEqual(labels);
  const budget = manifest('PodDisruptionBudget');
  expect(budget.selector.matchLabels).toEqual(labels);
  expect(budget.maxUnavailable, 'an instance is left').toBeLessThan(replicas);
  expect(strategy.rollingUpdate.maxUnavailable, 'a deploy takes no instance away').toBe(0);
});

test('probes the routes and ports that the server has, and names only its settings', () => {
  const { containers, volumes } = manifest('Deployment').template.spec;
  const [{ ports, env, volumeMounts, ...container }] = containers;
  const names = ports.map(({ name }) => name);
  expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'app' });
  expect(container.livenessProbe.httpGet, 'a store that is away restarts nothing').toMatchObject({ path: '/healthz' });
  expect(container.startupProbe.httpGet).toMatchObject({ path: '/healthz' });
  expect(names).toEqual(['app', 'provider']);
  expect(
    ports.map(({ containerPort }) => containerPort),
    'the ports of the image',
  ).toEqual(/^EXPOSE (.+)$/m.exec(read('Dockerfile'))?.[1]?.split(' ').map(Number));
  expect(manifest('Service').ports.map(({ targetPort }) => targetPort)).toEqual(names);
  expect(undocumented(env.map(({ name }) => name))).toEqual([]);
  expect(volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
  const keyFile = env.find(({ name }) => name === 'KEEPER_KEY_FILE')?.value ?? '';
  expect(volumeMounts.some(({ mountPath }) => keyFile.startsWith(`${mountPath}/`))).toBe(true);
});

type Service = {
  environment?: Record<string, string>;
  depends_on?: string[] | Record<string, unknown>;
  volumes?: string[];
  secrets?: string[];
};
type Compose = { services: Record<string, Service>; volumes: object; secrets: object };

test('names only services, volumes, secrets and settings that exist in the compose file', () => {
  const { services, volumes, secrets } = parse(read('deploy/compose.yaml'), { merge: true }) as Compose;
  const names = Object.keys(services);
  for (const { environment = {}, depends_on: needs = [], volumes: mounted = [], secrets: used = [] } of Object.values(
    services,
  )) {
    expect(names).toEqual(expect.arrayContaining(Array.isArray(needs) ? needs : Object.keys(needs)));
    expect(Object.keys(secrets)).toEqual(expect.arrayContaining(used));
    expect(undocumented(Object.keys(environment))).toEqual([]);
    const sources = mounted.map((each) => each.split(':')[0] ?? '');
    const [files, volumesUsed] = [
      sources.filter((each) => each.startsWith('.')),
      sources.filter((each) => !each.startsWith('.')),
    ];
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(volumesUsed));
    expect(files.filter((file) => !existsSync(new URL(`deploy/${file}`, ROOT)))).toEqual([]);
  }
  const proxied = [...read('deploy/compose.Caddyfile').matchAll(/\b([\w-]+):417[34]\b/g)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(proxied));
});

test('has a service that systemd accepts', () => {
  const unit = 'deploy/session-keeper@.service';
  const settings = [...read(unit).matchAll(/^Environment=(.+)$/gm)].flatMap(([, line = '']) => line.split(' '));
  expect(undocumented(settings.map((setting) => setting.split('=')[0] ?? ''))).toEqual([]);
  expect(existsSync(new URL(/ExecStart=\S+ (\S+)/.exec(read(unit))?.[1] ?? 'none', ROOT))).toBe(true);
  const dir = mkdtempSync(join(tmpdir(), 'keeper-unit-'));
  const file = join(dir, 'session-keeper@4173.service');
  copyFileSync(new URL(unit, ROOT), file);
  const { status, stderr, error } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  rmSync(dir, { recursive: true });
  if (error)
    process.stderr.write('There is no systemd-analyze on this machine, so systemd did not check the service.\n');
  // It also names other units of the machine, and programs that are not at this path here.
  const about = stderr
    ?.split('\n')
    .filter((line) => line.includes('session-keeper') && !line.includes('not executable'));
  expect(about ?? []).toEqual([]);
  expect([0, 1, null]).toContain(status);
});
