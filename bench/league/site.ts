import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFreePortPair } from '../../scripts/process/free-port.ts';
import { startProvider } from '../../server/provider-server.ts';
import { startServer } from '../../server/server.ts';
import { DEFAULT_SCOPE } from '../../server/worker/keeper-config.ts';
import { bundleApp } from './base/bundle.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An app of the league. `worker`: a file of its package, which it registers under that name. */
export type Entry = { readonly name: string; readonly worker?: string };

export const ENTRIES: readonly Entry[] = [
  { name: 'session-keeper' },
  { name: 'axa', worker: '@axa-fr/oidc-client-service-worker/dist/OidcServiceWorker.js' },
  { name: 'oidc-client-ts' },
  { name: 'wrapper' },
];

export type LeagueSite = { readonly url: string; stop(): Promise<void> };

/** Another library's worker imports its settings from this file. */
const trustedDomains = (origin: string, issuer: string): string =>
  `const trustedDomains = ${JSON.stringify({
    default: { oidcDomains: [issuer], accessTokenDomains: [`${origin}/api/`], bypassAllNonOidcRequests: true },
  })};\n`;

/**
 * Serves an app with the server of this repository, and a certified provider of bearer tokens beside it. Each app gets the
 * same server. The built files of the product are there for the app that uses them.
 */
export const startLeagueSite = async ({ name, worker }: Entry): Promise<LeagueSite> => {
  const folder = await mkdtemp(join(tmpdir(), 'keeper-league-'));
  const dist = join(folder, 'dist');
  await cp(join(ROOT, 'dist'), dist, { recursive: true });
  await writeFile(join(dist, 'app.js'), await bundleApp(join(ROOT, `bench/league/apps/${name}.ts`)));
  const file = worker?.split('/').at(-1);
  if (worker !== undefined && file !== undefined) await cp(join(ROOT, 'node_modules', worker), join(dist, file));
  const started = await withFreePortPair(async (port) => {
    const origin = `http://localhost:${port}`;
    const provider = await startProvider({
      port: port + 1,
      dataDir: join(folder, 'provider'),
      appOrigins: [origin],
      dpop: 'off',
    });
    const { issuer } = provider;
    await writeFile(
      join(dist, 'index.html'),
      `<!doctype html><html lang="en" data-issuer="${issuer}"><title>Starting</title><body></body><script type="module" src="/app.js"></script></html>`,
    );
    await writeFile(join(dist, 'OidcTrustedDomains.js'), trustedDomains(origin, issuer));
    await mkdir(join(folder, 'data'), { recursive: true });
    const server = await startServer({
      ...{ port, dataDir: join(folder, 'data'), distDir: dist, issuer, scope: DEFAULT_SCOPE, trustedTypes: false },
      workers: file === undefined ? [] : [`/${file}`],
    });
    return { server, provider };
  });
  return {
    url: `${started.server.url}/`,
    stop: async () => {
      await started.server.stop();
      await started.provider.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
