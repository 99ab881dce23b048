import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from './certificate.ts';
import { PORTAL_HOST, portalPage } from './fault-answers.ts';
import type { FaultAction, HttpFaults } from './faults.ts';
import { createConnection, factsOf, isOfLab, urlOf, type Connection, type Trust } from './gateway-request.ts';
import { passRequest } from './http-gateway.ts';
import type { Link } from '../tcp/link.ts';
import type { Exchange, NetworkLog } from './network-log.ts';
import { redactHeaders, redactUrl } from './redact.ts';
import { createSocketGateway, type SocketGateway } from './socket-gateway.ts';
import type { ServerAddress } from '../tcp/socks.ts';

export type GatewayOptions = {
  faults: HttpFaults;
  log: NetworkLog;
  trust: Trust;
  /** Without one, encrypted connections pass as they are, and only TCP faults affect them. */
  certificate: Certificate | undefined;
  onText(exchange: Exchange, text: string): void;
};

/** Reads the HTTP of connections, in clear or encrypted, and applies the faults to it. */
export type Gateway = {
  serve(link: Link, target: ServerAddress): void;
  readonly sockets: SocketGateway;
  setClockOffset(ms: number): void;
};

/** The first byte of a TLS record with a handshake (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 22;

/** Calls back with the first byte, which stays in the stream. */
const peek = (stream: Duplex, then: (byte: number) => void): void => {
  stream.once('readable', () => {
    const bytes = stream.read() as Buffer | null;
    const first = bytes?.[0];
    if (!bytes || first === undefined) return;
    stream.unshift(bytes);
    then(first);
  });
};

export const createGateway = ({ faults, log, trust, certificate, onText }: GatewayOptions): Gateway => {
  const connections = new WeakMap<Duplex, Connection>();
  const sockets = createSocketGateway(log);
  const secureContext = certificate && createSecureContext(certificate);
  let clockOffsetMs = 0;

  /** The record of a request, and what the faults do to it. `undefined` for a request on no connection of ours. */
  const begin = (incoming: IncomingMessage) => {
    const connection = connections.get(incoming.socket);
    if (!connection) return undefined;
    const url = urlOf(incoming, connection);
    const facts = factsOf(incoming, url);
    const actions: readonly FaultAction[] = faults.take(facts);
    const exchange: Exchange = {
      type: 'exchange',
      id: log.nextId(),
      at: Date.now(),
      method: facts.method,
      url: redactUrl(url.href),
      kind: facts.kind,
      isOfLab: isOfLab(incoming.headers),
      faults: actions.map(({ type }) => type),
      requestHeaders: redactHeaders(incoming.headers),
      outcome: { state: 'pending' },
      responseHeaders: {},
      excerpt: '',
    };
    log.add(exchange);
    return { connection, exchange, actions, url };
  };

  const server: Server = createServer((incoming, outgoing) => {
    const begun = begin(incoming);
    if (!begun) return void outgoing.destroy();
    const { connection, exchange, actions, url } = begun;
    if (url.hostname === PORTAL_HOST) {
      exchange.outcome = { state: 'answered', status: portalPage.status, ms: 0 };
      outgoing.writeHead(portalPage.status, portalPage.headers).end(portalPage.body);
      return;
    }
    void passRequest({ incoming, outgoing, connection, exchange, actions, clockOffsetMs, onText }).catch(() =>
      connection.link.reset(),
    );
  });
  // The browser and the site's server decide how long their connections last.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.on('upgrade', (incoming: IncomingMessage, near: Duplex, head: Buffer) => {
    const begun = begin(incoming);
    if (!begun) return void near.destroy();
    sockets.upgrade({ incoming, near, head, ...begun });
  });

  const serveHttp = (stream: Duplex, connection: Connection): void => {
    connections.set(stream, connection);
    stream.once('close', () => connection.agent.destroy());
    server.emit('connection', stream);
  };

  return {
    sockets,
    setClockOffset: (ms) => {
      clockOffsetMs = ms;
    },
    serve: (link, target) =>
      peek(link.inner, (byte) => {
        if (byte !== TLS_HANDSHAKE) return serveHttp(link.inner, createConnection(target, false, link, trust));
        if (!secureContext) return link.reset();
        const secure = new TLSSocket(link.inner, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
        secure.on('error', () => link.reset());
        serveHttp(secure, createConnection(target, true, link, trust));
      }),
  };
};
