import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSiteAnswers, type SealedWorkerOptions, type SiteAnswer } from './site-answer.ts';
import { fromFetch, fromNode } from './requests/site-request.ts';

/** What the kit needs of Hono's context (https://hono.dev/docs/api/context). */
export type HonoContext = {
  req: { raw: Request };
  readonly res: Response;
  header(name: string, value: string, options?: { append?: boolean }): void;
};

/** What the kit needs of Fastify's reply (https://fastify.dev/docs/latest/Reference/Reply/). */
export type FastifyReply = { raw: ServerResponse; hijack(): unknown; header(name: string, value: string): unknown };

/** The worker and the headers of a site, for each kind of backend. Each one goes before your own routes. */
export type SealedWorker = {
  /**
   * For `node:http`. Resolves with `true` when the kit has answered. Otherwise it has set the headers, and you answer.
   *
   * @example
   * import { createServer } from 'node:http';
   * import type { SealedWorker } from 'session-keeper/server';
   * const serve = (worker: SealedWorker) =>
   *   createServer(async (request, response) => {
   *     if (await worker.node(request, response)) return;
   *     response.setHeader('content-type', 'text/html').end('<!doctype html>…');
   *   });
   */
  node(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /**
   * Middleware of Express and Connect: `app.use(worker.express)`.
   *
   * @example
   * import type { SealedWorker } from 'session-keeper/server';
   * const use = (app: { use(handler: SealedWorker['express']): void }, worker: SealedWorker) => app.use(worker.express);
   */
  express(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  /**
   * Hook of Fastify: `fastify.addHook('onRequest', worker.fastify)`.
   *
   * @example
   * import type { SealedWorker } from 'session-keeper/server';
   * type App = { addHook(name: 'onRequest', hook: SealedWorker['fastify']): void };
   * const use = (fastify: App, worker: SealedWorker) => fastify.addHook('onRequest', worker.fastify);
   */
  fastify(request: { raw: IncomingMessage }, reply: FastifyReply): Promise<void>;
  /**
   * Middleware of Hono: `app.use(worker.hono)`.
   *
   * @example
   * import type { SealedWorker } from 'session-keeper/server';
   * const use = (app: { use(handler: SealedWorker['hono']): void }, worker: SealedWorker) => app.use(worker.hono);
   */
  hono(context: HonoContext, next: () => Promise<void>): Promise<Response | undefined>;
  /**
   * For handlers that take a `Request` and return a `Response`: Next, SvelteKit, and others. `next` makes the site's own
   * response. Its own headers win over those of the kit.
   *
   * @example
   * import type { SealedWorker } from 'session-keeper/server';
   * type Event = { request: Request };
   * // hooks.server.ts of SvelteKit
   * const handleWith =
   *   (worker: SealedWorker) =>
   *   ({ event, resolve }: { event: Event; resolve(event: Event): Promise<Response> }) =>
   *     worker.fetch(event.request, () => resolve(event));
   */
  fetch(request: Request, next: () => Response | Promise<Response>): Promise<Response>;
  /**
   * The nonce of the document that answers this request, for its inline scripts and styles. `request`: the one that you
   * passed (`request.raw` of Fastify, `c.req.raw` of Hono). Throws for a request that is not a navigation.
   *
   * @example
   * import type { IncomingMessage } from 'node:http';
   * import type { SealedWorker } from 'session-keeper/server';
   * const inline = (worker: SealedWorker, request: IncomingMessage) =>
   *   `<script nonce="${worker.nonceOf(request)}">start()</script>`;
   */
  nonceOf(request: IncomingMessage | Request): string;
};

type Pass = Extract<SiteAnswer, { type: 'pass' }>;

const withHeaders = (response: Response, { headers, cookie }: Pass): Response => {
  // The headers of a redirect or of a fetched response cannot change.
  const result = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) if (!result.headers.has(name)) result.headers.set(name, value);
  if (cookie !== undefined) result.headers.append('set-cookie', cookie);
  return result;
};

/**
 * Serves the worker script with its configuration and, to browsers that install it, the secret of the tier `sealed`. Serves
 * this package's ready files, sets the install cookie with each document, and sends security headers. Throws a `TypeError`
 * that names the field for a configuration that does not fit.
 *
 * @example
 * import { createSealer, sealedWorker } from 'session-keeper/server';
 * const worker = sealedWorker({
 *   sealer: createSealer({ keys: [process.env['SEAL_KEY']] }),
 *   config: {
 *     api: [{ origin: 'self', path: '/api/' }],
 *     whoami: '/api/whoami',
 *     signIn: { ticket: { login: '/api/login', status: '/api/status', logout: '/api/logout' } },
 *     sockets: [],
 *   },
 * });
 */
export const sealedWorker = (options: SealedWorkerOptions): SealedWorker => {
  const answer = createSiteAnswers(options);
  const nonces = new WeakMap<object, string>();

  /** Answers with a ready file or the worker. Otherwise returns what the site's own response needs. */
  const answerNode = async (request: IncomingMessage, response: ServerResponse): Promise<Pass | undefined> => {
    const result = await answer(fromNode(request));
    if (result.type === 'response') {
      response.writeHead(result.status, result.headers).end(request.method === 'HEAD' ? undefined : result.body);
      return undefined;
    }
    if (result.nonce !== undefined) nonces.set(request, result.nonce);
    return result;
  };

  const node: SealedWorker['node'] = async (request, response) => {
    const pass = await answerNode(request, response);
    for (const [name, value] of Object.entries(pass?.headers ?? {})) response.setHeader(name, value);
    if (pass?.cookie !== undefined) response.appendHeader('set-cookie', pass.cookie);
    return pass === undefined;
  };

  const look = async (request: Request): Promise<SiteAnswer> => {
    const result = await answer(fromFetch(request));
    if (result.type === 'pass' && result.nonce !== undefined) nonces.set(request, result.nonce);
    return result;
  };

  return {
    node,
    express(request, response, next) {
      const handle = async (): Promise<void> => {
        try {
          if (await node(request, response)) return;
        } catch (error) {
          return next(error);
        }
        next();
      };
      void handle();
    },
    async fastify({ raw }, reply) {
      const pass = await answerNode(raw, reply.raw);
      if (!pass) return void reply.hijack();
      for (const [name, value] of Object.entries(pass.headers)) reply.header(name, value);
      // Fastify keeps all values of this header.
      if (pass.cookie !== undefined) reply.header('set-cookie', pass.cookie);
    },
    async hono(context, next) {
      const result = await look(context.req.raw);
      if (result.type === 'response') return new Response(result.body, result);
      await next();
      const { headers } = context.res;
      for (const [name, value] of Object.entries(result.headers)) if (!headers.has(name)) context.header(name, value);
      if (result.cookie !== undefined) context.header('set-cookie', result.cookie, { append: true });
      return undefined;
    },
    async fetch(request, next) {
      const result = await look(request);
      return result.type === 'response' ? new Response(result.body, result) : withHeaders(await next(), result);
    },
    nonceOf(request) {
      const nonce = nonces.get(request);
      if (nonce === undefined) throw new Error('Only a navigation to a document has a nonce.');
      return nonce;
    },
  };
};
