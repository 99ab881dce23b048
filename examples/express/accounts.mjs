/** A login as many backends have it: access tokens of five minutes, and refresh tokens that rotate. */
import { randomUUID } from 'node:crypto';
import express from 'express';

const PASSWORDS = new Map([['ann', 'secret']]);
const ACCESS_SECONDS = 300;
/** A client that got no answer sends the former refresh token again. */
const GRACE_MS = 30_000;

/** Access token → user and session. Refresh token → user, session, and the answer that it got. */
const access = new Map();
const refresh = new Map();

const grant = (name, session) => {
  const tokens = { access_token: randomUUID(), refresh_token: randomUUID() };
  access.set(tokens.access_token, { sub: name, name, session });
  refresh.set(tokens.refresh_token, { name, session });
  return { ...tokens, token_type: 'Bearer', expires_in: ACCESS_SECONDS };
};

const bearerOf = (request) => /^Bearer (.+)$/.exec(request.get('authorization') ?? '')?.[1];

export const accounts = express
  .Router()
  .use(express.json())
  .post('/login', ({ body }, response) => {
    if (PASSWORDS.get(body?.username) !== body?.password) return response.status(400).json({ error: 'invalid_grant' });
    return response.json(grant(body.username, randomUUID()));
  })
  .post('/refresh', ({ body }, response) => {
    const found = refresh.get(body?.refresh_token);
    const isUsedUp = found?.usedAt !== undefined && Date.now() - found.usedAt > GRACE_MS;
    if (!found || isUsedUp) return response.status(400).json({ error: 'invalid_grant' });
    found.usedAt ??= Date.now();
    found.answer ??= grant(found.name, found.session);
    return response.json(found.answer);
  })
  .post('/logout', ({ body }, response) => {
    const session = refresh.get(body?.refresh_token)?.session;
    for (const tokens of [access, refresh])
      for (const [token, owner] of tokens) if (owner.session === session) tokens.delete(token);
    response.sendStatus(204);
  })
  .use((request, response, next) => {
    request.user = access.get(bearerOf(request));
    if (request.user) return next();
    return response.set('www-authenticate', 'Bearer').status(401).json({ error: 'unauthorized' });
  })
  .get('/whoami', ({ user }, response) => response.json({ sub: user.sub, name: user.name }));
