import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { digest } from '../../base/crypto.ts';
import { readCookie } from '../../http/cookie.ts';
import type { Keyring, Storage } from '../../storage/storage.ts';
import { fromFetch, fromNode, type SiteRequest } from '../requests/site-request.ts';
import { PROOF_ALGORITHMS, verifyRegistration, verifyRenewal } from './device-proof.ts';
import { createDeviceBoundRows } from './session-row.ts';
import { readValue, signValue, type Purpose } from './signed-value.ts';

/**
 * What a request shows of its session.
 *
 * - `unbound`: the browser has bound no key to the session. Your own cookie decides.
 * - `bound`: the request comes from the browser that registered the key, or from a thief of the last few minutes.
 * - `unproven`: bound, and the browser says that it could not renew the cookie now. Answer 503.
 * - `refused`: bound, and the request has no valid bound cookie: the session's cookie may be stolen. Answer 401.
 */
export type DeviceBinding = 'unbound' | 'bound' | 'unproven' | 'refused';

export type DeviceBoundOptions = {
  /** Servers that share it know each other's sessions. */
  store: Pick<Storage, 'store' | 'once' | 'secrets'>;
  /** URL path of the two routes: `<path>/register` and `<path>/renew`. Default `/device-bound`. */
  path?: string;
  /** Paths whose requests need the bound cookie, such as `/api/`: the browser holds only them back. Default: the whole origin. */
  paths?: readonly string[];
  /** Hosts whose pages may start a renewal too, such as `*.example.com`: for links from there. Default: the origin itself. */
  initiators?: readonly string[];
  /**
   * How long the bound cookie is valid (s), 1 to 3600: how long a stolen one works. Default 300. Under 240, Chromium runs out of
   * renewals: it asks for one with each request in a cookie's last 120 s, and makes six in nine minutes (measured, Chromium 156).
   * Until the nine minutes are over, `check` returns `unproven`.
   */
  seconds?: number;
  /** Name of the bound cookie. Default `__Host-device-bound`. */
  cookie?: string;
  /** How long an unused session stays bound (s). No shorter than your own cookie lives. Default 400 days. */
  keepSeconds?: number;
  /** Milliseconds since the Unix epoch. Default: the system's clock. */
  now?: () => number;
};

export type DeviceBoundAnswer = { status: number; headers: Record<string, string>; body: string };

/** Cookie sessions that only the device that signed in can continue. */
export type DeviceBoundSessions = {
  /**
   * Headers for the response that starts a session. A browser with Device Bound Session Credentials makes a key and registers
   * it. Others ignore them. `session`: the id of your session, not guessable and never used twice.
   *
   * @example
   * import { createDeviceBoundSessions, memoryStore } from 'session-keeper/server';
   * const bound = createDeviceBoundSessions({ store: memoryStore() });
   * const headers = await bound.offer('session-of-ann'); // { 'secure-session-registration': '(ES256 RS256);path=…' }
   */
  offer(session: string): Promise<Record<string, string>>;
  /**
   * Judges a request by its headers. One read of the store.
   *
   * @example
   * import type { IncomingMessage } from 'node:http';
   * import type { DeviceBoundSessions } from 'session-keeper/server';
   * const isStolen = async (bound: DeviceBoundSessions, session: string, { headers }: IncomingMessage) =>
   *   (await bound.check(session, headers)) === 'refused';
   */
  check(session: string, headers: IncomingHttpHeaders): Promise<DeviceBinding>;
  /**
   * Forgets the key at a sign-out. End your own session first. Returns the `Set-Cookie` header that removes the bound cookie.
   *
   * @example
   * import { createDeviceBoundSessions, memoryStore } from 'session-keeper/server';
   * const bound = createDeviceBoundSessions({ store: memoryStore() });
   * const header = await bound.end('session-of-ann'); // '__Host-device-bound=; Max-Age=0; …'
   */
  end(session: string): Promise<string>;
  /**
   * Middleware of Express and Connect for the two routes. It comes before body parsers.
   *
   * @example
   * import type { DeviceBoundSessions } from 'session-keeper/server';
   * const use = (app: { use(handler: DeviceBoundSessions['express']): void }, bound: DeviceBoundSessions) =>
   *   app.use(bound.express);
   */
  express(request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  /**
   * For `node:http`. Resolves with `true` when it has answered.
   *
   * @example
   * import { createServer } from 'node:http';
   * import type { DeviceBoundSessions } from 'session-keeper/server';
   * const serve = (bound: DeviceBoundSessions) =>
   *   createServer(async (request, response) => {
   *     if (await bound.node(request, response)) return;
   *     response.end('…');
   *   });
   */
  node(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /**
   * For handlers that take a `Request`. `undefined`: the request is for another route.
   *
   * @example
   * import type { DeviceBoundSessions } from 'session-keeper/server';
   * const handle = async (bound: DeviceBoundSessions, request: Request) =>
   *   (await bound.fetch(request)) ?? new Response('…');
   */
  fetch(request: Request): Promise<Response | undefined>;
};

const PATH = '/device-bound';
const COOKIE = '__Host-device-bound';
const SECONDS = 300;
const MAX_SECONDS = 3600;
/** No browser keeps a cookie longer: https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-max-age-attribute-2 */
const KEEP_SECONDS = 400 * 86_400;
/** The browser answers a challenge at once. */
const CHALLENGE_MS = 60_000;
/** A cookie that ran out while its request was on the way. */
const LATE_MS = 10_000;
/** A proof with an RSA key of 4096 bits has about 1,700 characters. */
const MAX_PROOF_LENGTH = 4096;
/** The registration must agree with the cookie in all of them. `Lax`: a link from another site finds the session, too. */
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** The text of a structured field's string, without its parameters (RFC 9651 §4.2). Browsers also send it without quotes. */
const textOf = (field: string | string[] | undefined): string | undefined =>
  typeof field === 'string' ? /^\s*"?([\w.-]+)"?\s*(?:;.*)?$/.exec(field)?.[1] : undefined;

/** The request is whole with its headers. A body would have to be read first. */
const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;

const answerOf = (status: number, body: unknown, headers: Record<string, string> = {}): DeviceBoundAnswer => ({
  status,
  headers: { 'cache-control': 'no-store', 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

const refuse = (status: number, error: string, headers?: Record<string, string>): DeviceBoundAnswer =>
  answerOf(status, { error }, headers);

const checkSeconds = (name: string, value: number, max: number): void => {
  if (!(value >= 1 && value <= max))
    throw new RangeError(`createDeviceBoundSessions: ${name} is ${value}, and should be 1 to ${max}.`);
};

/**
 * Device Bound Session Credentials (https://w3c.github.io/webappsec-dbsc/) for a site with cookie sessions, in Chrome 145 and
 * later on a device with a TPM. The browser keeps a private key that malware cannot copy, and proves it every few minutes for a
 * short-lived cookie. A stolen session cookie alone is then refused. Your own session cookie stays as it is.
 *
 * @example
 * import { createDeviceBoundSessions, memoryStore } from 'session-keeper/server';
 * const bound = createDeviceBoundSessions({ store: memoryStore(), paths: ['/api/'] });
 * // At the login: response.set(await bound.offer(session.id))
 * // At each request: if ((await bound.check(session.id, request.headers)) === 'refused') response.sendStatus(401)
 */
export const createDeviceBoundSessions = (options: DeviceBoundOptions): DeviceBoundSessions => {
  const { store, path = PATH, paths = [], initiators, cookie = COOKIE, seconds = SECONDS, now = Date.now } = options;
  const { keepSeconds = KEEP_SECONDS } = options;
  checkSeconds('seconds', seconds, MAX_SECONDS);
  checkSeconds('keepSeconds', keepSeconds, KEEP_SECONDS);
  const registerPath = `${path}/register`;
  const renewPath = `${path}/renew`;
  const rows = createDeviceBoundRows(store, keepSeconds * 1000);
  let keyring: Promise<Keyring> | undefined;
  const keys = (): Promise<Keyring> => {
    keyring ??= store.secrets.keys('device-bound');
    keyring.catch(() => (keyring = undefined));
    return keyring;
  };
  const idOf = (session: string): string => digest(`device-bound:${session}`);
  const sign = async (purpose: Purpose, id: string, ms: number): Promise<string> =>
    signValue(await keys(), purpose, { id, expiresAt: now() + ms });

  /** The id of an unused challenge. Only a proof that verifies uses one up, so junk leaves no trace in the store. */
  const redeem = async (purpose: Purpose, challenge: string): Promise<string | undefined> => {
    const read = readValue(await keys(), purpose, challenge);
    if (!read || read.expiresAt <= now()) return undefined;
    return (await store.once.take(`device-bound-proof/${digest(challenge)}`, CHALLENGE_MS)) ? read.id : undefined;
  };

  const setCookie = (value: string, maxAge: number): string => `${cookie}=${value}; Max-Age=${maxAge}; ${ATTRIBUTES}`;

  /**
   * The specification takes the first rule that matches, and Chromium 156 the last one (measured). So the rules read the same
   * from both ends.
   */
  const included = paths.map((each) => ({ type: 'include', domain: '*', path: each }));
  const rules = [...included, { type: 'exclude', domain: '*', path: '/' }, ...included];

  /** https://w3c.github.io/webappsec-dbsc/#format-session-instructions */
  const instructions = (id: string): unknown => ({
    session_identifier: id,
    refresh_url: renewPath,
    scope: { include_site: false, scope_specification: paths.length === 0 ? [] : rules },
    credentials: [{ type: 'cookie', name: cookie, attributes: ATTRIBUTES }],
    ...(initiators && { allowed_refresh_initiators: initiators }),
  });

  const issue = async (id: string): Promise<DeviceBoundAnswer> =>
    answerOf(200, instructions(id), { 'set-cookie': setCookie(await sign('cookie', id, seconds * 1000), seconds) });

  const challenge = async (id: string): Promise<DeviceBoundAnswer> =>
    refuse(403, 'Sign this challenge.', {
      'secure-session-challenge': `"${await sign('renew', id, CHALLENGE_MS)}";id="${id}"`,
    });

  const register = async (jwt: string | undefined): Promise<DeviceBoundAnswer> => {
    const proof = jwt === undefined ? undefined : await verifyRegistration(jwt);
    if (!proof) return refuse(400, 'There is no valid proof of a key.');
    const id = await redeem('register', proof.challenge);
    if (id === undefined) return refuse(400, 'The challenge is not of this server, is too old, or was used before.');
    return (await rows.register(id, proof.key)) ? issue(id) : refuse(409, 'The session has a key already.');
  };

  const renew = async (id: string | undefined, jwt: string | undefined): Promise<DeviceBoundAnswer> => {
    const row = id === undefined ? undefined : await rows.read(id);
    // Any other 4xx than 403 ends the session in the browser, as it should after a sign-out.
    if (id === undefined || !row) return refuse(401, 'There is no such session.');
    if (jwt === undefined) return challenge(id);
    const signed = await verifyRenewal(jwt, row.key);
    if (signed === undefined) return refuse(401, 'The proof is not of the key of this session.');
    if ((await redeem('renew', signed)) !== id) return challenge(id);
    await rows.prolong(id);
    return issue(id);
  };

  const handle = async ({ method, path: asked, headers }: SiteRequest): Promise<DeviceBoundAnswer | undefined> => {
    if (asked !== registerPath && asked !== renewPath) return undefined;
    if (method !== 'POST') return refuse(405, 'Only POST.', { allow: 'POST' });
    if (hasBody(headers)) return refuse(413, 'The request has a body.', { connection: 'close' });
    const sent = headers['secure-session-response'];
    if (sent !== undefined && sent.length > MAX_PROOF_LENGTH) return refuse(400, 'The proof is too long.');
    const jwt = textOf(sent);
    if (sent !== undefined && jwt === undefined) return refuse(400, 'The proof is not a JWT.');
    return asked === registerPath ? register(jwt) : renew(textOf(headers['sec-secure-session-id']), jwt);
  };

  const node: DeviceBoundSessions['node'] = async (request, response) => {
    const answer = await handle(fromNode(request));
    if (answer) response.writeHead(answer.status, answer.headers).end(answer.body);
    return answer !== undefined;
  };

  return {
    async offer(session) {
      const id = idOf(session);
      const row = await rows.read(id);
      if (row?.enforcedFrom !== undefined) return {};
      const text = await sign('register', id, CHALLENGE_MS);
      const algorithms = PROOF_ALGORITHMS.join(' ');
      return { 'secure-session-registration': `(${algorithms});path="${registerPath}";challenge="${text}"` };
    },
    async check(session, headers) {
      const id = idOf(session);
      const row = await rows.read(id);
      if (!row) return 'unbound';
      const brought = readCookie(headers.cookie, cookie);
      const read = brought === undefined ? undefined : readValue(await keys(), 'cookie', brought);
      if (read?.id === id && read.expiresAt + LATE_MS > now()) {
        if (row.enforcedFrom === undefined) await rows.enforce(id, now());
        return 'bound';
      }
      if (row.enforcedFrom === undefined || now() < row.enforcedFrom) return 'unbound';
      // https://w3c.github.io/webappsec-dbsc/#header-secure-session-skipped. A thief may say so too, and gets nothing.
      return headers['secure-session-skipped']?.includes(id) ? 'unproven' : 'refused';
    },
    async end(session) {
      await rows.remove(idOf(session));
      return setCookie('', 0);
    },
    node,
    express(request, response, next) {
      const run = async (): Promise<void> => {
        try {
          if (await node(request, response)) return;
        } catch (error) {
          return next(error);
        }
        next();
      };
      void run();
    },
    async fetch(request) {
      const answer = await handle(fromFetch(request));
      return answer && new Response(answer.body, answer);
    },
  };
};
