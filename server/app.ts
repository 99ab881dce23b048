import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { apiRoutes } from './api-routes.ts';
import type { TokenVerifier } from './auth/token-verifier.ts';
import { StoreUnavailable } from './base/store.ts';
import { createFaultRoutes } from './fault-routes.ts';
import { BARE_HEADERS } from './http/headers.ts';
import { offerOf } from './offer.ts';
import { requestIdOf, setSubject } from './http/request-context.ts';
import { problemResponse, sendJson, storeUnavailable, type Env } from './http/route-helpers.ts';
import type { Log } from './operations/log.ts';
import { createProvider } from './provider/provider.ts';
import type { Releases } from './worker/releases.ts';
import type { ServerOptions } from './server-options.ts';
import type { ServerServices } from './server-services.ts';
import { createStaticHandler } from './static.ts';
import { checkedEmbedders, VAULT_PATH } from './worker/vault-document.ts';
import { DEFAULT_SCOPE, EXTERNAL_SCOPE, keeperConfig } from './worker/keeper-config.ts';

/** Audience of the access tokens for the API (RFC 8707). */
export const AUDIENCE = 'urn:session-keeper:api';

/** What the parts of a running server share. */
export type ServerContext = {
  options: ServerOptions;
  services: ServerServices;
  tokenVerifier: TokenVerifier;
  origins: readonly string[];
  issuer: string;
  clientId: string;
  log: Log;
  isStopping: () => boolean;
  /** `false`: another server serves the application. */
  releases: Releases | false;
  /** Closes every connection, and refuses new ones for `ms`. */
  interrupt: (ms: number) => void;
};

/** The request handler of the embedded provider. */
export const createEmbeddedProvider = async ({ options, services, origins, issuer, clientId, log }: ServerContext) => {
  const { storage, accounts, loginRateLimit, deviceCookies, lifetimes, reusePolicy, tokenVersion, stats, revocations } =
    services;
  const provider = await createProvider({
    issuer,
    clientId,
    appOrigins: origins,
    storage,
    accounts,
    loginRateLimit,
    deviceCookies,
    lifetimes,
    reusePolicy,
    space: services.space,
    steadyNow: services.clock.steadyNow,
    onRestored: () => services.notify({ type: 'store-restored' }),
    tokenVersion,
    accessTokens: 'jwt',
    audience: AUDIENCE,
    dpop: 'required',
    rotation: true,
    showHint: options.faultRoutes === true,
    onGranted(ctx, grantType) {
      if (grantType === 'refresh_token') stats.refreshGrants += 1;
      const accountId = ctx.oidc?.entities.Account?.accountId;
      if (accountId !== undefined) setSubject(ctx.req, accountId);
    },
    onError: (error, request) =>
      log.error({ err: error, requestId: requestIdOf(request) }, 'unexpected error of the provider'),
    // Its tickets and sockets end with the next look at the grant, also when the store cannot write this.
    onRevoked: (grantId) => void revocations.revoke(`provider:${grantId}`).catch(() => undefined),
  });
  const callback = provider.callback();
  return (request: IncomingMessage, response: ServerResponse): void => void callback(request, response);
};

/** The request handler of the application. */
export const createApp = (context: ServerContext) => {
  const { options, services, tokenVerifier, origins, issuer, clientId, log } = context;
  let deployed = 0;
  const api = { ...services, origins, tokenVerifier };
  const faultRoutes = options.faultRoutes
    ? createFaultRoutes({ ...api, interrupt: context.interrupt, deploy: () => void (deployed += 1) })
    : undefined;
  const embedded = options.issuer === undefined;
  const scope = options.scope ?? (embedded ? DEFAULT_SCOPE : EXTERNAL_SCOPE);
  const serveFile = createStaticHandler({
    releases: context.releases,
    origins,
    issuerOrigin: new URL(issuer).origin,
    config: keeperConfig({
      issuer,
      clientId,
      scope,
      embedded,
      logout: options.logout,
      severalSessions: options.severalSessions,
      serverPaths: options.vaultEmbedders ? [...(options.serverPaths ?? []), VAULT_PATH] : options.serverPaths,
    }),
    workerSecrets: services.workerSecrets,
    workers: options.workers ?? [],
    embedders: checkedEmbedders(options.vaultEmbedders ?? []),
    trustedTypes: options.trustedTypes !== false,
    edition: () => (deployed === 0 ? '' : `\n// deployed ${deployed}\n`),
  });
  const app = new Hono<Env>();
  if (faultRoutes) app.route('/lab', faultRoutes.routes);
  app.route('/', apiRoutes(api));
  const { deviceBound } = services;
  if (deviceBound)
    app.use('/device-bound/*', async (c, next) => {
      const { incoming, outgoing } = c.env;
      return (await deviceBound.node(incoming, outgoing)) ? RESPONSE_ALREADY_SENT : next();
    });
  app.get('/offer.json', (c) => sendJson(c, offerOf(options)));
  app.all('/lab/*', () =>
    problemResponse({
      status: 404,
      code: 'not-found',
      detail: 'The fault routes are off. Start the server with --lab, and without a public origin, to use them.',
    }),
  );
  app.all('*', serveFile);
  app.onError((error, c) => {
    if (error instanceof StoreUnavailable) return storeUnavailable(error);
    // The client gave up while its body was on its way. There is nothing to repair, and no one reads the response.
    const isAborted = c.env.incoming.destroyed && !c.env.incoming.complete;
    if (!isAborted) log.error({ err: error, requestId: requestIdOf(c.env.incoming) }, 'unexpected error');
    return problemResponse({ status: 500, code: 'server-error', detail: 'The server failed to handle this request.' });
  });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const listener: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(BARE_HEADERS)) response.setHeader(name, value);
    void handle(request, response);
  };
  return { listener, stop: () => faultRoutes?.stop() };
};
