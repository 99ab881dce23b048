import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { authenticate, type AuthServices } from './auth/authenticate.ts';
import { passwordRoutes, socketTicketRoute, cookieSessionRoutes, type AuthRouteServices } from './auth/auth-routes.ts';
import type { Clock } from './base/clock.ts';
import type { DpopChecker } from './auth/dpop.ts';
import { historyRoutes } from './realtime/history-routes.ts';
import { MAX_JSON_BYTES, problemResponse, type Ctx, type Env, type Handler } from './http/http.ts';
import { mediaRoutes } from './demo/media.ts';
import { noteRoutes } from './demo/notes-routes.ts';
import { setSubject } from './http/request-context.ts';
import type { Store } from './base/store.ts';
import type { Topics } from './realtime/topics.ts';
import { uploadRoutes } from './demo/upload-routes.ts';
import type { Uploads } from './demo/uploads.ts';

export type ApiServices = AuthServices &
  Omit<AuthRouteServices, 'signedIn'> & { store: Store; clock: Clock; uploads: Uploads; topics: Topics };

const MODELS = ['keeper-large', 'keeper-small'];
const UPLOAD_PATH = '/api/v1/media/upload';

/** RFC 9449 §8.2: a nonce may come with any answer to a request with a proof. */
const offerNonce = (c: Ctx, dpop: DpopChecker): void => {
  if (c.req.header('dpop') !== undefined) c.header('dpop-nonce', dpop.nonce());
};

const requireSession =
  (parts: AuthServices): Handler =>
  async (c, next) => {
    const { incoming } = c.env;
    const access = await authenticate({ method: c.req.method, path: c.req.path, headers: incoming.headers }, parts);
    offerNonce(c, parts.dpop);
    if (access.type === 'granted') {
      setSubject(incoming, access.principal.sub);
      c.set('principal', access.principal);
      return next();
    }
    const headers: Record<string, string> = access.type === 'refused' ? { 'www-authenticate': access.challenge } : {};
    if (c.req.header('dpop') !== undefined) headers['dpop-nonce'] = parts.dpop.nonce();
    return problemResponse(access, headers);
  };

const limit: Handler = bodyLimit({
  maxSize: MAX_JSON_BYTES,
  onError: () => problemResponse({ status: 413, code: 'too-large', detail: `At most ${MAX_JSON_BYTES} bytes.` }),
});

/** Tokens, names and notes: nothing of the API belongs into a cache. */
const uncachedAndBounded: Handler = async (c, next) => {
  c.header('cache-control', 'no-store');
  return c.req.path.startsWith(UPLOAD_PATH) ? next() : limit(c, next);
};

/** Everything below `/api/` that is HTTP. */
export const createApi = (parts: ApiServices): Hono<Env> => {
  const signedIn = requireSession(parts);
  const routes: AuthRouteServices = { ...parts, signedIn };
  return new Hono<Env>()
    .use('/api/*', uncachedAndBounded)
    .route('/api/v1/auth', passwordRoutes(routes))
    .route('/api/auth', cookieSessionRoutes(routes))
    .route('/api/v1/socket', socketTicketRoute(routes))
    .get('/api/v1/auth/whoami', signedIn, (c) => {
      const { sub, name } = c.get('principal');
      return c.json({ sub, name });
    })
    .get('/api/v1/llm/models', signedIn, (c) => c.json({ models: MODELS, default: MODELS[0] }))
    .route('/api/v1/topics', historyRoutes(parts.topics, signedIn))
    .route('/api/v1/notes', noteRoutes(parts.store, parts.clock, signedIn))
    .route(UPLOAD_PATH, uploadRoutes(parts.uploads, signedIn))
    .route('/api/v1/media', mediaRoutes(parts.tickets, signedIn))
    .all('/api/*', (c) => problemResponse({ status: 404, code: 'not-found', detail: `There is no ${c.req.path}.` }));
};
