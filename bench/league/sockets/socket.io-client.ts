import { io } from 'socket.io-client';
import { pageApp, runSocketApp } from './socket-app.ts';

/*
 * Its tutorial, steps 7 and 8: connection state recovery at the server, and the last position for the case that the server
 * has no state to recover. WebSocket only, because the scenarios break sockets: a connection that went on by polling would
 * count as lost.
 */
await runSocketApp(
  pageApp((onNumber) => {
    const auth: { serverOffset?: number } = {};
    const socket = io({ transports: ['websocket'], auth });
    socket.on('number', (number: number, position: number) => {
      auth.serverOffset = position;
      onNumber(number);
    });
  }),
);
