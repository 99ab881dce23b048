/** Serves one site for each subject, all in this process: the same code, as warm for one as for the other. */
import { join } from 'node:path';
import { startServer } from '../../server/server.ts';

const [distDir = '', dataDir = '', workers = '', ...ports] = process.argv.slice(2);
for (const port of ports)
  await startServer({
    port: Number(port),
    dataDir: join(dataDir, port),
    distDir,
    faultRoutes: true,
    workers: workers.split(','),
    // The floors name their workers by plain strings.
    trustedTypes: false,
  });
process.stdout.write(`Session Keeper ready at http://localhost:${ports[0]}/\n`);
