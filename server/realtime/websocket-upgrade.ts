import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { CLOSE_CODE, SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../src/protocol/frames.ts';
import { isToken } from '../../src/protocol/backend-responses.ts';
import type { EventStreams } from './event-streams.ts';
import { applyUpgradeFault, type Faults } from '../base/faults.ts';
import { MAX_FRAME_BYTES } from './hub-connection.ts';
import { refusalWith } from '../http/headers.ts';
import type { Hub } from './hub.ts';
import { mayOpenSocket, type Origins } from '../http/origins.ts';
import { setSubject } from '../http/request-context.ts';
import type { RequestLog } from '../auth/request-log.ts';
import type { Stats } from '../base/stats.ts';
import { requestTarget } from '../http/request-target.ts';
import type { Tickets, TicketUse } from '../auth/tickets.ts';

export type UpgradeServices = {
  origins: Origins;
  hub: Hub;
  events: EventStreams;
  tickets: Tickets;
  faults: Faults;
  log: RequestLog;
  stats: Stats;
};

type UpgradeTarget = { use: TicketUse; ticket: string | undefined; accept: Hub['accept'] };

const offeredProtocols = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());

const ticketAmong = (protocols: readonly string[]): string | undefined => {
  const offered = protocols.find((name) => name.startsWith(TICKET_SUBPROTOCOL_PREFIX));
  return offered && Buffer.from(offered.slice(TICKET_SUBPROTOCOL_PREFIX.length), 'base64url').toString('utf8');
};

const upgradeTarget = (
  request: IncomingMessage,
  url: URL,
  { hub, events }: UpgradeServices,
): UpgradeTarget | undefined => {
  if (url.pathname === '/api/events') {
    return { use: 'events', ticket: url.searchParams.get('token') ?? undefined, accept: events.accept };
  }
  const protocols = offeredProtocols(request);
  if (url.pathname !== '/api/socket' || !protocols.includes(SUBPROTOCOL)) return undefined;
  return { use: 'socket', ticket: ticketAmong(protocols), accept: hub.accept };
};

/** Whoever has no ticket has no claim to a long goodbye either: the library alone would wait for it for 30 s. */
const GOODBYE_WITHIN_MS = 1_000;

const cutLater = (link: Duplex | WebSocket, cut: () => void): void => {
  const timer = setTimeout(cut, GOODBYE_WITHIN_MS);
  link.once('close', () => clearTimeout(timer));
};

const reject = (ws: WebSocket): void => {
  ws.close(CLOSE_CODE.unauthorized, 'bad ticket');
  cutLater(ws, () => ws.terminate());
};

const REFUSALS = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found' } as const;

const refuse = (socket: Duplex, status: keyof typeof REFUSALS): void => {
  socket.end(refusalWith(`${status} ${REFUSALS[status]}`));
  // Its end is not the other side's: Node keeps half of the connection for a client that never closes its own.
  cutLater(socket, () => socket.destroy());
};

/** The `upgrade` listener of the application's server. */
export const createUpgradeListener = (
  parts: UpgradeServices,
): ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) => {
  const { tickets, log, stats } = parts;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  const admit = async (
    request: IncomingMessage,
    ws: WebSocket,
    { use, ticket, accept }: UpgradeTarget,
  ): Promise<void> => {
    stats.socketsOpened += 1;
    stats.socketsOpen += 1;
    ws.once('close', () => {
      stats.socketsOpen -= 1;
    });
    ws.on('error', () => ws.terminate());
    // Frames that come before the ticket is judged wait in the kernel.
    ws.pause();
    const judged = isToken(ticket) ? tickets.redeem(use, ticket) : Promise.resolve(undefined);
    const principal = await judged.finally(() => ws.resume());
    if (principal) setSubject(request, principal.sub);
    log.record(request, { status: 101, whole: true, bodyBytes: 0 });
    // One that left while its ticket was judged would stay in the hub for ever: its close has been and gone.
    if (ws.readyState !== ws.OPEN) return;
    // After the handshake, because a browser cannot read the status of a refused one.
    if (principal) accept(ws, principal);
    else reject(ws);
  };

  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const url = requestTarget(request);
    if (!url) return refuse(socket, 400);
    const fault = parts.faults.take('socket', url.pathname);
    const work = (): void => {
      const way = upgradeTarget(request, url, parts);
      const isAllowed = mayOpenSocket(request.headers, parts.origins);
      if (way && isAllowed) {
        server.handleUpgrade(request, socket, head, (ws) => {
          admit(request, ws, way).catch(() => ws.close(CLOSE_CODE.serverError, 'server error'));
        });
        return;
      }
      const status = way ? 403 : 404;
      log.record(request, { status, whole: true, bodyBytes: 0 });
      refuse(socket, status);
    };
    if (fault) applyUpgradeFault(fault, socket, work);
    else work();
  };
};
