import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { isTicket } from '../../src/protocol/backend-responses.ts';
import { CLOSE_CODE, SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX } from '../../src/protocol/frames.ts';
import { refusalWith } from '../http/headers.ts';
import type { UpgradeListener } from '../http/http-server.ts';
import type { Principal } from '../http/principal.ts';
import { closeFor } from './connections-by-owner.ts';
import { MAX_FRAME_BYTES } from './hub-connection.ts';

/** How one handshake becomes a socket of a user. */
export type SocketTarget = {
  ticket: string | undefined;
  redeem(ticket: string): Promise<Principal | undefined>;
  accept(ws: WebSocket, principal: Principal): void;
};

export type SocketObserver = {
  opened(ws: WebSocket): void;
  /** `principal`: absent for a ticket that is not valid. */
  judged(request: IncomingMessage, principal: Principal | undefined): void;
};

/** Time for the closing handshake of a rejected client. The `ws` library would wait 30 s. */
const CLOSE_TIMEOUT_MS = 1_000;

export const offeredProtocols = (request: IncomingMessage): readonly string[] =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());

export const ticketAmong = (protocols: readonly string[]): string | undefined => {
  const offered = protocols.find((name) => name.startsWith(TICKET_SUBPROTOCOL_PREFIX));
  return offered && Buffer.from(offered.slice(TICKET_SUBPROTOCOL_PREFIX.length), 'base64url').toString('utf8');
};

const destroyLater = (connection: Duplex | WebSocket, destroy: () => void): void => {
  const timer = setTimeout(destroy, CLOSE_TIMEOUT_MS);
  connection.once('close', () => clearTimeout(timer));
};

const reject = (ws: WebSocket): void => {
  ws.close(CLOSE_CODE.unauthorized, 'bad ticket');
  destroyLater(ws, () => ws.terminate());
};

const REFUSALS = { 400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found', 421: 'Misdirected Request' } as const;

export const refuseUpgrade = (socket: Duplex, status: keyof typeof REFUSALS): void => {
  socket.end(refusalWith(`${status} ${REFUSALS[status]}`));
  // `end` closes only this side. Node keeps the connection of a client that never closes its own side.
  destroyLater(socket, () => socket.destroy());
};

/** Opens WebSockets, and gives each one to its user or closes it. */
export const createTicketedSockets = (
  observer: SocketObserver,
): ((target: SocketTarget, ...handshake: Parameters<UpgradeListener>) => void) => {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  const admit = async (
    request: IncomingMessage,
    ws: WebSocket,
    { ticket, redeem, accept }: SocketTarget,
  ): Promise<void> => {
    observer.opened(ws);
    ws.on('error', () => ws.terminate());
    // Frames that arrive before the ticket is redeemed wait in the kernel.
    ws.pause();
    const redeemed = isTicket(ticket) ? redeem(ticket) : Promise.resolve(undefined);
    const principal = await redeemed.finally(() => ws.resume());
    observer.judged(request, principal);
    // The `close` event of a client that left meanwhile has already fired, so the hub would never remove it.
    if (ws.readyState !== ws.OPEN) return;
    // Rejects after the handshake, because a browser cannot read the status of a refused handshake.
    if (principal) accept(ws, principal);
    else reject(ws);
  };

  return (target, request, socket, head) =>
    server.handleUpgrade(request, socket, head, (ws) => {
      admit(request, ws, target).catch((error: unknown) => {
        const { code, reason } = closeFor(error);
        ws.close(code, reason);
      });
    });
};
