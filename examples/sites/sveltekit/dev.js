import { createServer } from 'vite';

const server = await createServer({
  logLevel: 'warn',
  server: { port: 0, host: '127.0.0.1', proxy: { '/api': process.env.BACKEND ?? 'http://localhost:4173/' } },
});
await server.listen();
console.log(`http://localhost:${server.httpServer.address().port}/`);
process.once('SIGTERM', () => server.close().then(() => process.exit()));
