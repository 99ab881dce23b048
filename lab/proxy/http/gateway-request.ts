import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { RequestFacts, TrafficKind } from './faults.ts';
import type { Link } from '../tcp/link.ts';
import { credentialsIn } from './redact.ts';
import type { ServerAddress } from '../tcp/socks.ts';

/** A connection of the browser whose bytes are HTTP, and the connection to its server. */
export type Connection = {
  readonly target: ServerAddress;
  readonly isTls: boolean;
  readonly link: Link;
  /** Makes at most one connection to the server, as the browser would. */
  readonly agent: HttpAgent;
};

/** Whether certificates of servers are checked. */
export type Trust = 'checked' | 'any';

export const createConnection = (target: ServerAddress, isTls: boolean, link: Link, trust: Trust): Connection => {
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = isTls
    ? new HttpsAgent({ ...options, rejectUnauthorized: trust === 'checked' })
    : new HttpAgent(options);
  return { target, isTls, link, agent };
};

/**
 * A media type in the `Accept` of a request that the lab sends from the page. A header of its own would make requests to
 * other origins ask for permission first (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
 */
export const LAB_MARK = ', application/vnd.session-keeper-lab';
export const isOfLab = ({ accept }: IncomingMessage['headers']): boolean => accept?.endsWith(LAB_MARK) ?? false;
/** The site's server sees a request as the site itself would send it. */
export const withoutMark = (raw: RawHeaders): string[] =>
  mapHeader(raw, 'accept', (value) => (value.endsWith(LAB_MARK) ? value.slice(0, -LAB_MARK.length) : value));

/** These end at each connection (RFC 9110 §7.6.1). */
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection', 'te', 'trailer']);
const ASSETS = new Set(['script', 'style', 'image', 'font', 'audio', 'video', 'track', 'manifest', 'object', 'embed']);
const WORKERS = new Set(['serviceworker', 'sharedworker', 'worker']);
const DOCUMENTS = new Set(['document', 'iframe', 'frame']);

export const kindOf = ({ headers }: IncomingMessage): TrafficKind => {
  if (headers.upgrade?.toLowerCase() === 'websocket') return 'socket';
  const destination = headers['sec-fetch-dest'];
  if (typeof destination !== 'string') return headers.accept?.includes('text/html') ? 'document' : 'api';
  if (DOCUMENTS.has(destination)) return 'document';
  if (WORKERS.has(destination)) return 'worker';
  return ASSETS.has(destination) ? 'asset' : 'api';
};

export const urlOf = (incoming: IncomingMessage, { target, isTls }: Connection): URL => {
  const isSocket = incoming.headers.upgrade?.toLowerCase() === 'websocket';
  const scheme = `${isSocket ? 'ws' : 'http'}${isTls ? 's' : ''}`;
  const host = incoming.headers.host ?? `${target.host}:${target.port}`;
  return new URL(incoming.url ?? '/', `${scheme}://${host}`);
};

export const factsOf = (incoming: IncomingMessage, url: URL): RequestFacts => ({
  host: url.host,
  method: incoming.method ?? 'GET',
  path: url.pathname + url.search,
  kind: kindOf(incoming),
  credentials: credentialsIn(url, incoming.headers),
});

/** Name and value in turn, as Node has them. Keeps the order, the case and the repetitions of the sender. */
export type RawHeaders = readonly string[];

const pairsOf = (raw: RawHeaders): [string, string][] =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : []));

export const withoutHeaders = (raw: RawHeaders, ...names: readonly string[]): string[] => {
  const dropped = new Set(names.map((name) => name.toLowerCase()));
  return pairsOf(raw).flatMap(([name, value]) => (dropped.has(name.toLowerCase()) ? [] : [name, value]));
};

export const mapHeader = (raw: RawHeaders, wanted: string, change: (value: string) => string): string[] =>
  pairsOf(raw).flatMap(([name, value]) => [name, name.toLowerCase() === wanted ? change(value) : value]);

export const endToEnd = (raw: RawHeaders): string[] => withoutHeaders(raw, ...HOP);

/** A handshake needs its `Connection` and `Upgrade`. */
const forHandshake = (raw: RawHeaders): string[] => withoutHeaders(raw, 'proxy-connection');

export type Onward = { method: string; path: string; headers: RawHeaders; isHandshake?: boolean };

/** Sends a request on to the server of the connection. */
export const sendOnward = ({ target, isTls, agent }: Connection, onward: Onward): ClientRequest => {
  const { method, path, headers, isHandshake = false } = onward;
  const send = isTls ? httpsRequest : httpRequest;
  return send({
    host: target.host,
    port: target.port,
    servername: target.host,
    method,
    path,
    // A socket keeps its connection for itself.
    agent: isHandshake ? false : agent,
    headers: isHandshake ? forHandshake(headers) : endToEnd(withoutMark(headers)),
    ...(agent instanceof HttpsAgent ? { rejectUnauthorized: agent.options.rejectUnauthorized } : {}),
  });
};
