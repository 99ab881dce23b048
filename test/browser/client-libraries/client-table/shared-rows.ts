import { RealtimeClient } from '@supabase/realtime-js';
import { Centrifuge } from 'centrifuge';
import { WebSocket as EngineSocket } from 'engine.io-client';
import { createClient } from 'graphql-ws';
import { Socket as PhoenixSocket } from 'phoenix';
import { retry } from 'rxjs';
import { webSocket } from 'rxjs/webSocket';
import { io } from 'socket.io-client';
import { KeeperSocket } from '../../../../src/page/index.ts';
import { RETRY_MS, wsUrl, type ClientRow } from './row.ts';

/* Clients that share one connection with those of all tabs. */

export class KeeperTransport extends EngineSocket {
  override createSocket(uri: string, protocols: string | string[] | undefined): WebSocket {
    return new KeeperSocket(uri, protocols);
  }
}

const graphqlWs: ClientRow = {
  name: 'graphql-ws',
  option: '`webSocketImpl: KeeperSocket`',
  codec: 'graphql-transport-ws',
  server: 'its own',
  answers: 'echo',
  start: (receive) => {
    const client = createClient({
      url: '/graphql',
      webSocketImpl: KeeperSocket,
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, RETRY_MS)),
      shouldRetry: () => true,
    });
    client.subscribe(
      { query: 'subscription { tick }' },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    );
    return {
      say: async (text) => {
        const query = 'query ($text: String!) { echo(text: $text) }';
        for await (const { data } of client.iterate({ query, variables: { text } })) receive(String(data?.['echo']));
      },
    };
  },
};

const socketIoClient: ClientRow = {
  name: 'socket.io-client',
  option:
    '`transports: [T]`, where `T` extends engine.io-client’s `WebSocket` with `createSocket(uri, protocols) { return new KeeperSocket(uri, protocols) }`',
  codec: 'socket.io',
  server: 'its own',
  answers: 'room',
  start: (receive) => {
    const socket = io({ transports: [KeeperTransport], reconnectionDelay: RETRY_MS, reconnectionDelayMax: RETRY_MS });
    socket.on('said', receive);
    return { say: (text) => socket.emit('say', text) };
  },
};

const phoenixJs: ClientRow = {
  name: 'phoenix',
  option: '`transport: KeeperSocket`',
  codec: 'phoenix',
  server: 'the smallest one',
  answers: 'room',
  start: (receive) => {
    const socket = new PhoenixSocket('/phoenix', { transport: KeeperSocket });
    socket.connect();
    const channel = socket.channel('room:1');
    channel.on('say', ({ text }) => receive(text));
    channel.join();
    return { say: (text) => channel.push('say', { text }) };
  },
};

const supabase: ClientRow = {
  name: 'Supabase Realtime',
  option: '`transport: KeeperSocket`',
  codec: 'phoenix',
  server: 'the smallest one',
  answers: 'room',
  start: (receive) => {
    const client = new RealtimeClient(wsUrl('/realtime/v1'), {
      transport: KeeperSocket,
      params: { apikey: 'key' },
      reconnectAfterMs: () => RETRY_MS,
    });
    const channel = client.channel('room');
    channel.on('broadcast', { event: 'say' }, ({ payload }) => receive(String((payload as { text: unknown }).text)));
    channel.subscribe();
    return {
      // Without a joined channel, the client would send it by HTTP.
      say: (text) => channel.state === 'joined' && channel.send({ type: 'broadcast', event: 'say', payload: { text } }),
    };
  },
};

const centrifugeJs: ClientRow = {
  name: 'centrifuge',
  option: '`websocket: KeeperSocket`',
  codec: 'centrifuge',
  server: 'the smallest one',
  answers: 'room',
  start: (receive) => {
    const delays = { minReconnectDelay: RETRY_MS, maxReconnectDelay: RETRY_MS };
    const client = new Centrifuge(wsUrl('/centrifuge'), { websocket: KeeperSocket, ...delays });
    const subscription = client.newSubscription('room', { minResubscribeDelay: RETRY_MS });
    subscription.on('publication', ({ data }) => receive(String((data as { text: unknown }).text)));
    subscription.subscribe();
    client.connect();
    return { say: (text) => subscription.publish({ text }) };
  },
};

const rxjs: ClientRow = {
  name: 'rxjs `webSocket`',
  option: '`WebSocketCtor: KeeperSocket`, and `retry`',
  codec: 'broadcast',
  server: 'a relay',
  answers: 'room',
  start: (receive) => {
    const subject = webSocket<unknown>({ url: wsUrl('/all'), WebSocketCtor: KeeperSocket });
    subject.pipe(retry({ delay: RETRY_MS })).subscribe((text) => receive(String(text)));
    return { say: (text) => subject.next(text) };
  },
};

export const SHARED_ROWS: readonly ClientRow[] = [graphqlWs, socketIoClient, phoenixJs, supabase, centrifugeJs, rxjs];
