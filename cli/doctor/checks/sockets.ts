import { randomBytes } from 'node:crypto';
import * as optionalCodecs from '../../../src/core/codecs/optional.ts';
import { SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../../src/protocol/frames.ts';
import type { Socket } from '../site/deployment.ts';
import { header, type Probe } from '../site/http.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, type Finding } from '../site/finding.ts';
import type { Check, Context } from '../site/types.ts';

const group = 'API';
const ELSEWHERE = 'https://session-keeper-doctor.invalid';
const NO_SOCKETS = 'No socket is configured.';
/** Carried where a ticket would be; no server gave it. */
const NO_TICKET = `${TICKET_SUBPROTOCOL_PREFIX}${Buffer.from('session-keeper-doctor').toString('base64url')}`;

/** The subprotocol of each codec whose servers expect one. */
const SUBPROTOCOLS: ReadonlyMap<string, string> = new Map(
  [{ name: 'keeper.1', subprotocol: SUBPROTOCOL }, ...Object.values(optionalCodecs)].flatMap(({ name, subprotocol }) =>
    subprotocol === undefined ? [] : [[name, subprotocol] as const],
  ),
);

/** The subprotocols that the worker would offer; where one carries the ticket, another has to be there to be chosen. */
const offeredFor = ({ codec, carry }: Socket): readonly string[] => {
  const own = SUBPROTOCOLS.get(codec);
  if (carry === 'protocol') return [own ?? codec, NO_TICKET];
  return own === undefined ? [] : [own];
};

/** Where a tab would dial: below the prefix, where a private socket has one. */
const addressOf = ({ url, codec }: Socket, { target }: Context): URL => {
  const found = new URL(codec === 'private' && url.endsWith('/') ? `${url}session-keeper-doctor` : url, target.origin);
  found.protocol = found.protocol.replace(/^ws/, 'http');
  return found;
};

const dial = (context: Context, socket: Socket, origin: string): Promise<Probe> => {
  const offered = offeredFor(socket);
  return context.probe(addressOf(socket, context).href, {
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

const statusOf = (probe: Probe): string => (probe.type === 'silent' ? probe.detail : String(probe.answer.status));

const eachSocket =
  (work: (socket: Socket, context: Context) => Promise<Finding>) =>
  async (context: Context): Promise<Finding> => {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    const { sockets } = deployment;
    if (sockets.length === 0) return skipped(NO_SOCKETS);
    const seen: string[] = [];
    for (const socket of sockets) {
      const finding = await work(socket, context);
      if (finding.verdict !== 'ok') return finding;
      seen.push(`${socket.url} (${socket.codec}) ${finding.found}`);
    }
    return fine(seen.join(', '));
  };

/** engine.io answers 400 to an upgrade without them, and a client asks for exactly this address. */
const lacksEngine = (socket: Socket, context: Context): boolean => {
  const { searchParams } = addressOf(socket, context);
  return (
    socket.codec === 'socket.io' && `${searchParams.get('EIO')} ${searchParams.get('transport')}` !== '4 websocket'
  );
};

/** 101 and then a close code, or one of the refusals that a ticket's absence may have. */
const IS_THERE = new Set([101, 400, 401, 403]);

const socketThere: Check = {
  id: 'socket',
  title: 'The sockets are there',
  group,
  run: eachSocket(async (socket, context) => {
    if (lacksEngine(socket, context))
      return fail(
        `${socket.url} is no address that a Socket.IO client asks for`,
        'Sockets are found by their whole address: each tab would have a connection of its own, without a ticket.',
        'Configure it with its query: /socket.io/?EIO=4&transport=websocket.',
      );
    const outcome = await dial(context, socket, context.target.origin);
    if (outcome.type === 'answer' && IS_THERE.has(outcome.answer.status)) return fine(statusOf(outcome));
    return fail(
      `${socket.url} answers an upgrade with ${statusOf(outcome)}`,
      'No tab gets a live connection; the worker keeps trying.',
      'Let the proxy pass upgrades on that path (HTTP/1.1, Upgrade and Connection headers), with a read timeout above the heartbeat.',
    );
  }),
};

const socketProtocol: Check = {
  id: 'socket-protocol',
  title: 'The sockets speak what was offered',
  group,
  run: eachSocket(async (socket, context) => {
    const [wanted] = offeredFor(socket);
    if (wanted === undefined) return fine('offers nothing to choose from');
    const outcome = await dial(context, socket, context.target.origin);
    // A refusal says nothing about what it would have chosen.
    if (outcome.type === 'silent' || outcome.answer.status !== 101) return fine(statusOf(outcome));
    const chosen = header(outcome.answer, 'sec-websocket-protocol');
    if (chosen === wanted) return fine(chosen);
    return fail(
      chosen.startsWith(TICKET_SUBPROTOCOL_PREFIX)
        ? `${socket.url} chooses the ticket for a subprotocol`
        : `${socket.url} chooses "${chosen}" of the subprotocols`,
      'A browser drops a connection whose server chooses none of what was offered; a ticket that is repeated is logged.',
      `Answer Sec-WebSocket-Protocol: ${wanted}.`,
    );
  }),
};

const socketOrigin: Check = {
  id: 'socket-origin',
  title: 'Other sites get no socket',
  group,
  run: eachSocket(async (socket, context) => {
    const outcome = await dial(context, socket, ELSEWHERE);
    if (outcome.type === 'silent' || outcome.answer.status !== 101) return fine(`refused, ${statusOf(outcome)}`);
    return fail(
      `${socket.url} accepts an upgrade with Origin: ${ELSEWHERE}`,
      "CORS does not cover WebSockets: any site can open one with your people's cookies (CSWSH).",
      'Compare Origin with the origins of your application before the upgrade, and answer 403.',
    );
  }),
};

const socketTicket: Check = {
  id: 'socket-ticket',
  title: 'Tickets are for those who are signed in',
  group,
  run: eachSocket(async ({ url, ticket }, context) => {
    if (!ticket) return fine('has no ticket');
    const outcome = await context.probe(new URL(ticket.url, context.target.origin).href, {
      method: ticket.method,
      headers: { accept: 'application/json', origin: context.target.origin },
    });
    const status = outcome.type === 'answer' ? outcome.answer.status : undefined;
    if (status === 401 || status === 403) return fine(`ticket ${status}`);
    const given = status !== undefined && status >= 200 && status < 300;
    return fail(
      `${ticket.method} ${ticket.url} without authorization answers ${statusOf(outcome)}`,
      given
        ? 'Whoever asks gets a ticket: the socket is open to everybody.'
        : `A refusal has to be one: by anything but 401 or 403, the worker of ${url} goes on asking with tokens that are no good.`,
      'Answer 401 where the authorization is missing or over, before anything else.',
    );
  }),
};

export const SOCKET_CHECKS: readonly Check[] = [socketThere, socketProtocol, socketOrigin, socketTicket];
