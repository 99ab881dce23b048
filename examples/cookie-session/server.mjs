/** A site with cookie sessions. In a browser that can, only the device of the sign-in continues them. */
import { randomUUID } from 'node:crypto';
import express from 'express';
import { createDeviceBoundSessions, createSealer, lmdbStore, sealedWorker } from 'session-keeper/server';

const store = await lmdbStore(process.env.DATA_DIR ?? '.data');
const bound = createDeviceBoundSessions({ store, paths: ['/api/'], seconds: Number(process.env.BOUND_SECONDS ?? 300) });
const worker = sealedWorker({
  origin: process.env.ORIGIN, // behind a proxy that ends TLS
  sealer: createSealer({ keys: [process.env.SEAL_KEY] }),
  config: {
    api: [{ origin: 'self', path: '/api/' }],
    whoami: '/api/status',
    signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
    sockets: [],
  },
});

/** What your site has: sessions by the value of their cookie. */
const sessions = new Map();
const PASSWORDS = new Map([['ann', 'secret']]);
const COOKIE = '__Host-session';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';
const sessionOf = (request) => new RegExp(`${COOKIE}=([\\w-]+)`).exec(request.get('cookie') ?? '')?.[1];

/** Who sends this request. A session that is bound to a device counts only from there. */
const identify = async (request, response, next) => {
  const id = sessionOf(request);
  const user = sessions.get(id);
  const binding = user && (await bound.check(id, request.headers));
  // The browser could not renew the bound cookie. The session goes on, later.
  if (binding === 'unproven') return response.set('retry-after', '5').sendStatus(503);
  request.user = binding === 'refused' ? undefined : user;
  request.isDeviceBound = binding === 'bound';
  return next();
};

const app = express().use(worker.express, bound.express, express.static(`${import.meta.dirname}/public`));
app.post('/api/login', express.json(), async ({ body }, response) => {
  if (!body?.password || PASSWORDS.get(body.username) !== body.password) return response.sendStatus(401);
  const id = randomUUID();
  const user = { sub: body.username, name: body.username };
  sessions.set(id, user);
  response.set(await bound.offer(id)).set('set-cookie', `${COOKIE}=${id}; Max-Age=2592000; ${ATTRIBUTES}`);
  return response.json({ authenticated: true, user });
});
app.post('/api/logout', async (request, response) => {
  const id = sessionOf(request);
  const cookies = [`${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`];
  if (sessions.delete(id)) cookies.push(await bound.end(id));
  return response.set('set-cookie', cookies).sendStatus(204);
});
app.get('/api/status', identify, ({ user, isDeviceBound }, response) =>
  response.json(user ? { authenticated: true, user, deviceBound: isDeviceBound } : { authenticated: false }),
);
app.get('/api/account', identify, ({ user }, response) =>
  user ? response.json({ owner: user.name }) : response.sendStatus(401),
);
const server = app.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}/`));
