import { request } from 'node:http';
import express from 'express';

const backend = new URL(process.env.BACKEND ?? 'http://localhost:4173/');
const app = express();

// The API is another process, as behind most proxies.
app.use('/api', (incoming, outgoing) => {
  const { method, headers, originalUrl } = incoming;
  const upstream = request(new URL(originalUrl, backend), { method, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.status(502).end());
  incoming.pipe(upstream);
});
app.use(express.static('public', { extensions: ['html'] }));

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://localhost:${server.address().port}/`),
);
