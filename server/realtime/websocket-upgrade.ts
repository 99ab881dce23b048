import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOL } from '../../src/protocol/frames.ts';
import type { EventStreams } from './event-streams.ts';
import { applyUpgradeFault, type Faults } from '../base/faults.ts';
import type { HostNames } from '../http/host-names.ts';
import type { UpgradeListener } from '../http/http-server.ts';
import type { Hub } from './hub.ts';
import { mayOpenSocket, type Origins } from '../http/origins.ts';
import { setSubject } from '../http/request-context.ts';
import type { RequestLog } from '../auth/request-log.ts';
import type { Stats } from '../base/stats.ts';
import { requestTarget } from '../http/request-target.ts';
import type { Tickets, TicketUse } from '../auth/tickets.ts';
import { createTicketedSockets, offeredProtocols, refuseUpgrade, ticketAmong } from './ticketed-socket.ts';

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

/** Not a closure: one inside the listener would keep the request, with all its headers, as long as the socket. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** Opens the WebSockets of the application. */
export const createUpgradeListener = (services: UpgradeServices): UpgradeListener => {
  const { tickets, requestLog, stats } = services;
  const open = createTicketedSockets({
    opened(ws) {
      stats.socketsOpened += 1;
      stats.socketsOpen += 1;
      ws.once('close', () => {
        stats.socketsOpen -= 1;
      });
    },
    judged(request, principal) {
      if (principal) setSubject(request, principal.sub);
      requestLog.record(request, { status: 101, whole: true, bodyBytes: 0 });
    },
  });

  return (request, socket, head) => {
    socket.on('error', destroyThis);
    if (!services.hostNames.accepts(request.headers.host)) return refuseUpgrade(socket, 421);
    const url = requestTarget(request);
    if (!url) return refuseUpgrade(socket, 400);
    const fault = services.faults.take('socket', url.pathname, request.method);
    const handle = (): void => {
      const target = upgradeTarget(request, url, services);
      const isAllowed = mayOpenSocket(request.headers, services.origins);
      if (target && isAllowed) {
        const { use, ...own } = target;
        return open({ ...own, redeem: (ticket) => tickets.redeem(use, ticket) }, request, socket, head);
      }
      const status = target ? 403 : 404;
      requestLog.record(request, { status, whole: true, bodyBytes: 0 });
      refuseUpgrade(socket, status);
    };
    if (fault) applyUpgradeFault(fault, socket, handle);
    else handle();
  };
};
