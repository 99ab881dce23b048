import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { closeFor } from './connections-by-owner.ts';
import { CLOSE_CODE, SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../src/protocol/frames.ts';
import { isTicket } from '../../src/protocol/backend-responses.ts';
import type { EventStreams } from './event-streams.ts';
import { applyUpgradeFault, type Faults } from '../base/faults.ts';
import { MAX_FRAME_BYTES } from './hub-connection.ts';
import { refusalWith } from '../http/headers.ts';
import type { HostNames } from '../http/host-names.ts';
import type { UpgradeListener } from '../http/http-server.ts';
import type { Hub } from './hub.ts';
import { mayOpenSocket, type Origins } from '../http/origins.ts';
import { setSubject } from '../http/request-context.ts';
import type { RequestLog } from '../auth/request-log.ts';
import type { Stats } from '../base/stats.ts';
import { requestTarget } from '../http/request-target.ts';
import type { Tickets, TicketUse } from '../auth/tickets.ts';

export type UpgradeServices = {
  origins: Origins;
  hostNames: HostNames;
  hub: Hub;
  eventStreams: EventStreams;
  tickets: Tickets;
  faults: Faults;
  requestLog: RequestLog;
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
  { hub, eventStreams }: UpgradeServices,
): UpgradeTarget | undefined => {
  if (url.pathname === '/api/events') {
    return { use: 'events', ticket: url.searchParams.get('token') ?? undefined, accept: eventStreams.accept };
  }
  const protocols = offeredProtocols(request);
  if (url.pathname !== '/api/socket' || !protocols.includes(SUBPROTOCOL)) return undefined;
  return { use: 'socket', ticket: ticketAmong(protocols), accept: hub.accept };
};

/** Time for the closing handshake of a rejected client. The `ws` library would wait 30 s. */
const CLOSE_TIMEOUT_MS = 1_000;

const destroyLater = (connection: Duplex | WebSocket, destroy: () => void): void => {
  const timer = setTimeout(destroy, CLOSE_TIMEOUT_MS);
  connection.once('close', () => clearTimeout(timer));
};

const reject = (ws: WebSocket): void => {
  ws.close(CLOSE_CODE.unauthorized, 'bad ticket');
  destroyLater(ws, () => ws.terminate());
};

const REFUSALS = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 421: 'Misdirected Request' } as const;

const refuse = (socket: Duplex, status: keyof typeof REFUSALS): void => {
  socket.end(refusalWith(`${status} ${REFUSALS[status]}`));
  // `end` closes only this side. Node keeps the connection of a client that never closes its own side.
  destroyLater(socket, () => socket.destroy());
};

/** Not a closure: one inside the listener would keep the request, with all its headers, as long as the socket. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** Opens the WebSockets of the application. */
export const createUpgradeListener = (services: UpgradeServices): UpgradeListener => {
  const { tickets, requestLog, stats } = services;
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
    // Frames that arrive before the ticket is redeemed wait in the kernel.
    ws.pause();
    const redeemed = isTicket(ticket) ? tickets.redeem(use, ticket) : Promise.resolve(undefined);
    const principal = await redeemed.finally(() => ws.resume());
    if (principal) setSubject(request, principal.sub);
    requestLog.record(request, { status: 101, whole: true, bodyBytes: 0 });
    // The `close` event of a client that left meanwhile has already fired, so the hub would never remove it.
    if (ws.readyState !== ws.OPEN) return;
    // Rejects after the handshake, because a browser cannot read the status of a refused handshake.
    if (principal) accept(ws, principal);
    else reject(ws);
  };

  return (request, socket, head) => {
    socket.on('error', destroyThis);
    if (!services.hostNames.accepts(request.headers.host)) return refuse(socket, 421);
    const url = requestTarget(request);
    if (!url) return refuse(socket, 400);
    const fault = services.faults.take('socket', url.pathname);
    const handle = (): void => {
      const target = upgradeTarget(request, url, services);
      const isAllowed = mayOpenSocket(request.headers, services.origins);
      if (target && isAllowed) {
        server.handleUpgrade(request, socket, head, (ws) => {
          admit(request, ws, target).catch((error: unknown) => {
            const { code, reason } = closeFor(error);
            ws.close(code, reason);
          });
        });
        return;
      }
      const status = target ? 403 : 404;
      requestLog.record(request, { status, whole: true, bodyBytes: 0 });
      refuse(socket, status);
    };
    if (fault) applyUpgradeFault(fault, socket, handle);
    else handle();
  };
};
