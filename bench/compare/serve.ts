/** Serves one site for each subject, all in this process: the same code, as warm for one as for the other. */
import { join } from 'node:path';
import { startProvider } from '../../server/provider-server.ts';
import { startServer } from '../../server/server.ts';
import { DEFAULT_SCOPE } from '../../server/worker/keeper-config.ts';

/** Longer than a run, in seconds. */
const ACCESS_SECONDS = 86_400;

/** A provider of bearer tokens, which all peers speak. It rotates refresh tokens, and knows no grace. */
const startBearerProvider = async (port: number, dataDir: string): Promise<string> => {
  const { issuer } = await startProvider({
    port: port + 1,
    dataDir: join(dataDir, `provider-${port}`),
    appOrigins: [`http://localhost:${port}`],
    dpop: 'off',
    lifetimes: { accessSeconds: ACCESS_SECONDS },
  });
  return issuer;
};

const [distDir = '', dataDir = '', workers = '', ...sites] = process.argv.slice(2);
for (const site of sites) {
  const [port = '', signIn] = site.split(':');
  const issuer = signIn === 'bearer' ? await startBearerProvider(Number(port), dataDir) : undefined;
  await startServer({
    port: Number(port),
    dataDir: join(dataDir, port),
    distDir,
    faultRoutes: true,
    workers: workers.split(','),
    ...(issuer === undefined ? {} : { issuer, scope: DEFAULT_SCOPE }),
    // The floors and the peers name their workers by plain strings.
    trustedTypes: false,
  });
}
process.stdout.write(`Session Keeper ready at http://localhost:${sites[0]?.split(':')[0]}/\n`);
