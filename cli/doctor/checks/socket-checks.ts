import { randomBytes } from 'node:crypto';
import * as optionalCodecs from '../../../src/core/optional-codecs/optional-codecs.ts';
import type { SocketConfig } from '../../../src/protocol/config.ts';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../../src/protocol/frames.ts';
import type { Context } from '../site/context.ts';
import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { header, type SendResult } from '../site/http-request.ts';
import { fail, pass, skipped, type Finding, type DoctorCheck } from './check.ts';

const group = 'API';
const OTHER_ORIGIN = 'https://session-keeper-doctor.invalid';
const NO_SOCKETS = 'No socket is configured.';
/** Sent in place of a ticket. No server issued it. */
const NO_TICKET = `${TICKET_SUBPROTOCOL_PREFIX}${Buffer.from('session-keeper-doctor').toString('base64url')}`;

/** The subprotocol of each codec whose servers expect one. */
const SUBPROTOCOLS: ReadonlyMap<string, string> = new Map(
  [{ name: 'keeper.1', subprotocol: SUBPROTOCOL }, ...Object.values(optionalCodecs)].flatMap(({ name, subprotocol }) =>
    subprotocol === undefined ? [] : [[name, subprotocol] as const],
  ),
);

/** The subprotocols that the worker would offer. When one carries the ticket, the server needs another one to choose. */
const offeredFor = ({ codec, ticket }: SocketConfig): readonly string[] => {
  const own = SUBPROTOCOLS.get(codec);
  if (ticket.carry === 'protocol') return [own ?? codec, NO_TICKET];
  return own === undefined ? [] : [own];
};

/** The address that a tab would open: below the prefix when a private socket has one. */
const addressOf = ({ url, codec }: SocketConfig, { site }: Context): URL => {
  const found = new URL(codec === 'private' && url.endsWith('/') ? `${url}session-keeper-doctor` : url, site.origin);
  found.protocol = found.protocol.replace(/^ws/, 'http');
  return found;
};

const openSocket = (context: Context, socket: SocketConfig, origin: string): Promise<SendResult> => {
  const offered = offeredFor(socket);
  return context.send(addressOf(socket, context).href, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      origin,
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...(offered.length > 0 ? { 'sec-websocket-protocol': offered.join(', ') } : {}),
    },
  });
};

const statusOf = (probe: SendResult): string =>
  probe.type === 'no-response' ? probe.detail : String(probe.response.status);

const eachSocket =
  (check: (socket: SocketConfig, context: Context) => Promise<Finding>) =>
  async (context: Context): Promise<Finding> => {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    const { sockets } = deployment;
    if (sockets.length === 0) return skipped(NO_SOCKETS);
    const seen: string[] = [];
    for (const socket of sockets) {
      const finding = await check(socket, context);
      if (finding.verdict !== 'ok') return finding;
      seen.push(`${socket.url} (${socket.codec}) ${finding.found}`);
    }
    return pass(seen.join(', '));
  };

/** What a client library adds to its address, by codec. The worker matches sockets by their whole address. */
type ClientAddress = { client: string; example: string; fits(address: URL): boolean };
const CLIENT_ADDRESSES: ReadonlyMap<string, ClientAddress> = new Map([
  [
    'socket.io',
    {
      client: 'a Socket.IO client',
      example: '/socket.io/?EIO=4&transport=websocket',
      fits: ({ searchParams }) => searchParams.get('EIO') === '4' && searchParams.get('transport') === 'websocket',
    },
  ],
  [
    'phoenix',
    {
      client: 'a Phoenix client',
      example: '/socket/websocket?vsn=2.0.0',
      fits: ({ pathname, searchParams }) => pathname.endsWith('/websocket') && searchParams.has('vsn'),
    },
  ],
]);

/** 101 followed by a close code, or one of the statuses with which servers refuse a missing ticket. */
const ENDPOINT_EXISTS = new Set([101, 400, 401, 403]);

const socketThere: DoctorCheck = {
  id: 'socket',
  title: 'The sockets accept upgrades',
  group,
  run: eachSocket(async (socket, context) => {
    const expected = CLIENT_ADDRESSES.get(socket.codec);
    if (expected && !expected.fits(addressOf(socket, context)))
      return fail(
        `${socket.url} is no address that ${expected.client} opens`,
        'The worker matches sockets by their whole address. So each tab would open its own connection, without a ticket.',
        `Configure it with what the client adds: ${expected.example}.`,
      );
    const outcome = await openSocket(context, socket, context.site.origin);
    if (outcome.type === 'response' && ENDPOINT_EXISTS.has(outcome.response.status)) return pass(statusOf(outcome));
    return fail(
      `${socket.url} answers an upgrade with ${statusOf(outcome)}`,
      'No tab gets a live connection, and the worker keeps retrying.',
      'Configure the proxy to pass upgrades on that path (HTTP/1.1, Upgrade and Connection headers), with a read timeout above the heartbeat.',
    );
  }),
};

const socketProtocol: DoctorCheck = {
  id: 'socket-protocol',
  title: 'The sockets choose an offered subprotocol',
  group,
  run: eachSocket(async (socket, context) => {
    const [wanted] = offeredFor(socket);
    if (wanted === undefined) return pass('offers nothing to choose from');
    const outcome = await openSocket(context, socket, context.site.origin);
    // A refused upgrade does not show which subprotocol the server would have chosen.
    if (outcome.type === 'no-response' || outcome.response.status !== 101) return pass(statusOf(outcome));
    const chosen = header(outcome.response, 'sec-websocket-protocol');
    if (chosen === wanted) return pass(chosen);
    return fail(
      chosen.startsWith(TICKET_SUBPROTOCOL_PREFIX)
        ? `${socket.url} chooses the ticket for a subprotocol`
        : `${socket.url} chooses "${chosen}" of the subprotocols`,
      'A browser closes the connection when the server chooses no offered subprotocol, and proxies log a repeated ticket.',
      `Answer Sec-WebSocket-Protocol: ${wanted}.`,
    );
  }),
};

const socketOrigin: DoctorCheck = {
  id: 'socket-origin',
  title: 'Other sites cannot open a socket',
  group,
  run: eachSocket(async (socket, context) => {
    const outcome = await openSocket(context, socket, OTHER_ORIGIN);
    if (outcome.type === 'no-response' || outcome.response.status !== 101) return pass(`refused, ${statusOf(outcome)}`);
    return fail(
      `${socket.url} accepts an upgrade with Origin: ${OTHER_ORIGIN}`,
      "CORS does not cover WebSockets, so any site can open one with your users' cookies (CSWSH).",
      'Compare Origin with the origins of your application before the upgrade, and answer 403 to others.',
    );
  }),
};

const socketTicket: DoctorCheck = {
  id: 'socket-ticket',
  title: 'Tickets need a sign-in',
  group,
  run: eachSocket(async ({ url, ticket }, context) => {
    const outcome = await context.send(new URL(ticket.url, context.site.origin).href, {
      method: ticket.method,
      headers: { accept: 'application/json', origin: context.site.origin },
    });
    const status = outcome.type === 'response' ? outcome.response.status : undefined;
    if (status === 401 || status === 403) return pass(`ticket ${status}`);
    const given = status !== undefined && status >= 200 && status < 300;
    return fail(
      `${ticket.method} ${ticket.url} without authorization answers ${statusOf(outcome)}`,
      given
        ? 'Anyone can get a ticket, so the socket is open to everyone.'
        : `The worker takes only 401 and 403 for a refusal. With any other status it keeps requesting tickets for ${url} with useless tokens.`,
      'Answer 401 when the authorization is missing or has ended, before any other check.',
    );
  }),
};

export const SOCKET_CHECKS: readonly DoctorCheck[] = [socketThere, socketProtocol, socketOrigin, socketTicket];
