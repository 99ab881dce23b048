import { createServer } from 'vite';
import { startServer } from '../server/server.ts';
import { devPort } from './build/dev-config.ts';
import { freePortPair } from './process/free-port.ts';

const STOP_WITHIN_MS = 6_000;

const port = devPort();
const origin = `http://localhost:${port}`;

const backend = await startServer({
  port: await freePortPair(),
  providerPort: port + 1,
  dataDir: process.env['DATA_DIR'] ?? '.data',
  secret: process.env['KEEPER_SECRET'] || undefined,
  keyFile: process.env['KEEPER_KEY_FILE'] || undefined,
  faultRoutes: true,
  distDir: false,
  devOrigin: origin,
  issuer: process.env['OIDC_ISSUER'],
  clientId: process.env['OIDC_CLIENT_ID'],
  scope: process.env['OIDC_SCOPE'],
});

// Same-origin for the page, as in production: nothing in development may depend on CORS.
const vite = await createServer({
  server: {
    host: 'localhost',
    port,
    strictPort: true,
    proxy: {
      '/api': { target: backend.url, ws: true },
      '/lab': { target: backend.url },
      '/offer.json': { target: backend.url },
    },
  },
});
await vite.listen();
console.log(`Session Keeper ready at ${origin}/`);

const stop = async (): Promise<void> => {
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  await Promise.all([vite.close(), backend.stop()]);
  process.exit(0);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop());
