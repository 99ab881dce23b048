import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel } from '@microsoft/signalr';
import { adapters, ConnectionMonitor, createConsumer } from '@rails/actioncable';
import { Client as StompClient } from '@stomp/stompjs';
import { Socket as EngineClient } from 'engine.io-client';
import mqtt from 'mqtt';
import { connect as connectNats, StringCodec } from 'nats.ws';
import { KeeperSocket } from '../../../../src/page/index.ts';
import { keepOpen, RETRY_MS, wsUrl, type ClientRow } from './row.ts';
import { KeeperTransport } from './shared-rows.ts';

/* Clients of message brokers and hubs, each with its own connection. */

const mqttJs: ClientRow = {
  name: 'mqtt.js',
  option: '`createWebsocket: (url, protocols) => new KeeperSocket(url, protocols)`',
  codec: 'private',
  server: 'aedes',
  answers: 'room',
  start: (receive) => {
    const client = mqtt.connect(wsUrl('/rooms/mqtt'), {
      createWebsocket: (url, protocols) => new KeeperSocket(url, protocols),
      reconnectPeriod: RETRY_MS,
    });
    client.on('message', (_topic, payload) => receive(new TextDecoder().decode(payload)));
    client.subscribe('room');
    return { say: (text) => client.publish('room', text) };
  },
};

const stompJs: ClientRow = {
  name: 'stompjs',
  option: "`webSocketFactory: () => new KeeperSocket(url, ['v12.stomp'])`",
  codec: 'private',
  server: 'the smallest one',
  answers: 'room',
  start: (receive) => {
    const client = new StompClient({
      webSocketFactory: () => new KeeperSocket(wsUrl('/rooms/stomp'), ['v12.stomp']),
      reconnectDelay: RETRY_MS,
      onConnect: () => void client.subscribe('/topic/room', ({ body }) => receive(body)),
    });
    client.activate();
    return { say: (body) => client.publish({ destination: '/topic/room', body }) };
  },
};

const natsWs: ClientRow = {
  name: 'nats.ws',
  option: '`wsFactory: async (url) => ({ socket: new KeeperSocket(url), encrypted: false })`',
  codec: 'private',
  server: 'the smallest one',
  answers: 'room',
  start: async (receive) => {
    const codec = StringCodec();
    // Its types leave `wsFactory` out.
    const options = {
      servers: wsUrl('/rooms/nats'),
      wsFactory: async (url: string) => ({ socket: new KeeperSocket(url), encrypted: false }),
      reconnectTimeWait: RETRY_MS,
      maxReconnectAttempts: -1,
    };
    const connection = await connectNats(options);
    connection.subscribe('room', { callback: (_error, { data }) => receive(codec.decode(data)) });
    return { say: (text) => connection.publish('room', codec.encode(text)) };
  },
};

const signalr: ClientRow = {
  name: 'signalr',
  option: '`{ WebSocket: KeeperSocket, transport: HttpTransportType.WebSockets, skipNegotiation: true }`',
  codec: 'private',
  server: 'the smallest one',
  answers: 'room',
  start: async (receive) => {
    // Its types leave `WebSocket` out.
    const options = { WebSocket: KeeperSocket, transport: HttpTransportType.WebSockets, skipNegotiation: true };
    const connection = new HubConnectionBuilder()
      .withUrl('/rooms/signalr', options)
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => RETRY_MS })
      .configureLogging(LogLevel.None)
      .build();
    connection.on('said', receive);
    await connection.start();
    return {
      say: (text) => (connection.state === HubConnectionState.Connected ? connection.send('say', text) : undefined),
    };
  },
};

const actionCable: ClientRow = {
  name: 'actioncable',
  option: '`adapters.WebSocket = KeeperSocket`',
  codec: 'private',
  server: 'the smallest one',
  answers: 'room',
  start: (receive) => {
    adapters.WebSocket = KeeperSocket;
    // Seconds without a ping after which it connects again.
    ConnectionMonitor.staleThreshold = 2;
    const consumer = createConsumer(wsUrl('/rooms/cable'));
    const subscription = consumer.subscriptions.create('Room', { received: ({ text }) => receive(text) });
    return { say: (text) => subscription.send({ text }) };
  },
};

const engineIo: ClientRow = {
  name: 'engine.io-client',
  option: 'as socket.io-client; the application opens another one on `close`',
  codec: 'private',
  server: 'its own',
  answers: 'echo',
  start: (receive) => {
    let socket: EngineClient | undefined;
    keepOpen((onEnd) => {
      const opened = new EngineClient(location.origin, { path: '/rooms/engine/', transports: [KeeperTransport] });
      socket = opened;
      opened.on('message', (data) => receive(String(data)));
      opened.on('close', onEnd);
    });
    return { say: (text) => socket?.send(text) };
  },
};

export const MESSAGING_ROWS: readonly ClientRow[] = [mqttJs, stompJs, natsWs, signalr, actionCable, engineIo];
