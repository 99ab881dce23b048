import { createServer, request } from 'node:http';
import next from 'next';

const backend = new URL(process.env.BACKEND ?? 'http://localhost:4173/');
const app = next({ dev: false });
await app.prepare();
const handle = app.getRequestHandler();

// The API is another process, as behind most proxies.
const forward = (incoming, outgoing) => {
  const { method, headers, url } = incoming;
  const upstream = request(new URL(url, backend), { method, headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(upstream);
};

const server = createServer((incoming, outgoing) =>
  incoming.url.startsWith('/api/') ? forward(incoming, outgoing) : handle(incoming, outgoing),
);
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://localhost:${server.address().port}/`),
);
