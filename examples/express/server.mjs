import express from 'express';
import { createHub, createSealer, createTickets, lmdbStore, sealedWorker } from 'session-keeper/server';
import { accounts } from './accounts.mjs'; // what your backend has: login, refresh, logout, and who sends a request

const store = await lmdbStore(process.env.DATA_DIR ?? '.data');
const tickets = createTickets({ store });
const hub = createHub({ store, authenticate: tickets.redeem });
const worker = sealedWorker({
  sealer: createSealer({ keys: [process.env.SEAL_KEY] }),
  config: {
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/whoami',
    signIn: { password: { login: '/api/login', refresh: '/api/refresh', logout: '/api/logout' } },
    sockets: [{ url: '/api/socket', codec: 'keeper.1', ticket: { url: '/api/ticket' } }],
  },
});

const app = express().use(worker.express, express.static(`${import.meta.dirname}/public`));
app.use('/api', accounts);
app.post('/api/ticket', async (request, response) => response.json(await tickets.mint(request.user)));
app.post('/api/hello', async ({ user: { sub } }, response) =>
  response.json(await hub.publish({ sub, topic: 'inbox', data: { text: `Hello ${sub}` } })),
);
const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}/`));
hub.attach(server);
