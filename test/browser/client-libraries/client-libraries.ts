/* The bundle of a site: the keeper, and unmodified client libraries of its protocols. */
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { WebSocket as EngineSocket } from 'engine.io-client';
import { createClient } from 'graphql-ws';
import { WebSocket as PartySocket } from 'partysocket';
import ReconnectingWebSocket from 'reconnecting-websocket';
import { webSocket } from 'rxjs/webSocket';
import { io } from 'socket.io-client';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import { connect, KeeperSocket } from '../../../src/page/index.ts';
import { ATTRIBUTE_CASES } from '../websocket-cases/attribute-cases.ts';
import { HANDLER_CASES } from '../websocket-cases/handler-cases.ts';
import { EVENT_CASES } from '../websocket-cases/event-cases.ts';
import type { Case } from '../websocket-cases/case-tools.ts';

/** Socket.IO's transport with `KeeperSocket`. */
class KeeperTransport extends EngineSocket {
  override createSocket(uri: string, protocols: string | string[] | undefined): WebSocket {
    return new KeeperSocket(uri, protocols);
  }
}

const CASES: Readonly<Record<string, Case>> = { ...ATTRIBUTE_CASES, ...EVENT_CASES, ...HANDLER_CASES };

export const libraries = {
  connect,
  KeeperSocket,
  createGraphqlClient: createClient,
  io,
  KeeperTransport,
  Doc,
  WebsocketProvider,
  ReconnectingWebSocket,
  PartySocket,
  webSocket,
  createTRPCClient,
  createWSClient,
  wsLink,
  CASES,
};

declare global {
  interface Window {
    libraries: typeof libraries;
  }
}

window.libraries = libraries;
