import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { authenticate, UNPROVEN, UNPROVEN_RETRY_SECONDS, type AuthServices } from './auth/authenticate.ts';
import { passwordRoutes, socketTicketRoute, cookieSessionRoutes, type AuthRouteServices } from './auth/auth-routes.ts';
import type { DeviceSessions } from './sessions/device-sessions.ts';
import type { DpopChecker } from './auth/dpop/dpop.ts';
import { MAX_JSON_BYTES, problemResponse, sendJson, type Ctx, type Env, type Handler } from './http/route-helpers.ts';
import type { DownloadLinks } from './demo/download-links.ts';
import { mediaRoutes } from './demo/media.ts';
import { noteRoutes, type NoteServices } from './demo/notes-routes.ts';
import { clientAddress, setSubject } from './http/request-context.ts';
import { isTopic, readHistory, type Topics } from './realtime/topics.ts';
import { uploadRoutes } from './demo/upload-routes.ts';
import type { Uploads } from './demo/uploads.ts';

export type ApiServices = AuthServices &
  Omit<AuthRouteServices, 'signedIn'> &
  NoteServices & { uploads: Uploads; topics: Topics; downloadLinks: DownloadLinks; deviceSessions: DeviceSessions };

/** Also in `GET /offer.json`. */
export const SESSIONS_PATH = '/api/v1/sessions';

const MODELS = ['keeper-large', 'keeper-small'];
const UPLOAD_PATH = '/api/v1/media/upload';

/** RFC 9449 §8.2: a server may send a nonce in any response to a request with a proof. */
const offerNonce = (c: Ctx, dpopChecker: DpopChecker): void => {
  if (c.req.header('dpop') !== undefined) c.env.outgoing.setHeader('dpop-nonce', dpopChecker.nonce());
};

const requireSession =
  (services: AuthServices & Pick<ApiServices, 'deviceSessions'>): Handler =>
  async (c, next) => {
    const { incoming } = c.env;
    const { method, path } = c.req;
    const address = clientAddress(incoming);
    const access = await authenticate({ method, path, headers: incoming.headers, address }, services);
    offerNonce(c, services.dpopChecker);
    if (access.type === 'granted') {
      setSubject(incoming, access.principal.sub);
      c.set('principal', access.principal);
      // the list of sessions is a convenience: a store that is away costs no request
      services.deviceSessions.note(access.principal, incoming.headers['user-agent'] ?? '').catch(() => undefined);
      return next();
    }
    const headers: Record<string, string> = access.type === 'refused' ? { 'www-authenticate': access.challenge } : {};
    if (access.type === 'limited') headers['retry-after'] = String(access.waitSeconds);
    if (access.code === UNPROVEN.code) headers['retry-after'] = String(UNPROVEN_RETRY_SECONDS);
    return problemResponse(access, headers);
  };

const limit: Handler = bodyLimit({
  maxSize: MAX_JSON_BYTES,
  onError: () => problemResponse({ status: 413, code: 'too-large', detail: `At most ${MAX_JSON_BYTES} bytes.` }),
});

/** That no cache may store them, the listener of the server has said of all responses. */
const limitBody: Handler = async (c, next) => {
  // To look at the body of a GET request makes a stream of it, which takes a third of the time of the whole request. A request
  // with neither header has no body (RFC 9112 §6.3), and the adapter cannot make a stream of that for DELETE.
  const hasNoBody =
    c.req.method === 'GET' ||
    c.req.method === 'HEAD' ||
    (c.req.header('content-length') === undefined && c.req.header('transfer-encoding') === undefined);
  return hasNoBody || c.req.path.startsWith(UPLOAD_PATH) ? next() : limit(c, next);
};

const historyRoutes = (topics: Topics, signedIn: Handler): Hono<Env> =>
  new Hono<Env>().use(signedIn).get('/:topic/events', async (c) => {
    const topic = c.req.param('topic');
    if (!isTopic(topic))
      return problemResponse({ status: 400, code: 'bad-request', detail: 'This is not a valid topic name.' });
    return c.json(await readHistory(topics, c.get('principal').owner, topic));
  });

/** The sessions of the user: `GET` lists them, `DELETE <id>` ends one. */
const sessionRoutes = (deviceSessions: DeviceSessions, signedIn: Handler): Hono<Env> =>
  new Hono<Env>()
    .use(signedIn)
    .get('/', async (c) => {
      const principal = c.get('principal');
      await deviceSessions.note(principal, c.req.header('user-agent') ?? '');
      return c.json({ sessions: await deviceSessions.all(principal) });
    })
    .delete('/:id', async (c) => {
      if (await deviceSessions.end(c.get('principal'), c.req.param('id'))) return c.body(null, 204);
      return problemResponse({ status: 404, code: 'not-found', detail: 'You have no such session.' });
    });

/** The HTTP API below `/api/`. */
export const apiRoutes = (services: ApiServices): Hono<Env> => {
  const signedIn = requireSession(services);
  const routes: AuthRouteServices = { ...services, signedIn };
  return new Hono<Env>()
    .use('/api/*', limitBody)
    .route('/api/v1/auth', passwordRoutes(routes))
    .route('/api/auth', cookieSessionRoutes(routes))
    .route('/api/v1/socket', socketTicketRoute(routes))
    .get('/api/v1/auth/whoami', signedIn, (c) => {
      const { sub, name } = c.get('principal');
      // A foreign token without a name has its subject there. The page knows the name of the ID token.
      return sendJson(c, { sub, name: name === sub ? undefined : name });
    })
    .get('/api/v1/llm/models', signedIn, (c) => c.json({ models: MODELS, default: MODELS[0] }))
    .route('/api/v1/topics', historyRoutes(services.topics, signedIn))
    .route(SESSIONS_PATH, sessionRoutes(services.deviceSessions, signedIn))
    .route('/api/v1/notes', noteRoutes(services, signedIn))
    .route(UPLOAD_PATH, uploadRoutes(services.uploads, signedIn))
    .route('/api/v1/media', mediaRoutes(services.downloadLinks, signedIn))
    .all('/api/*', (c) => problemResponse({ status: 404, code: 'not-found', detail: `There is no ${c.req.path}.` }));
};
