import { createServer } from 'vite';
import { devPort } from './dev-config.ts';
import { freePortPair } from './free-port.ts';
import { ready } from './ready.ts';
import { ended, start } from './run.ts';

const port = devPort();
const origin = `http://localhost:${port}`;

const backendPort = await freePortPair();
const backend = start('node', ['--import', 'tsx', 'server/main.ts', '--lab', '--dev'], {
  stdout: 'pipe',
  env: { PORT: String(backendPort), PROVIDER_PORT: String(port + 1), DEV_ORIGIN: origin },
});
const gone = ended(backend);
const target = await ready(backend, (line) => console.error(line));

// Same-origin for the page, as in production: nothing in development may depend on CORS.
const vite = await createServer({
  server: {
    host: 'localhost',
    port,
    strictPort: true,
    proxy: { '/api': { target, ws: true }, '/lab': { target } },
  },
});
await vite.listen();
console.log(`Session Keeper ready at ${origin}/`);

let stopping: Promise<void> | undefined;
const stop = (): Promise<void> => {
  stopping ??= (async () => {
    backend.kill('SIGTERM');
    await Promise.all([vite.close(), gone]);
  })();
  return stopping;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop());

process.exitCode = Math.max(0, await gone);
await stop();
