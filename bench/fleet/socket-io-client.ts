import { io, type Socket } from 'socket.io-client';
import type { LoadClient } from './load-client.ts';

/** A client of the peer. It has the settings of its documentation, and only a WebSocket, as the client of `keeper.1`. */
export const startSocketIoClient = (url: string, person: string): LoadClient => {
  const socket: Socket = io(url, { transports: ['websocket'], forceNew: true, auth: { person } });
  const latencies: number[] = [];
  let unacked = 0;
  socket.on('message', ({ at }: { at: number }) => void latencies.push(Date.now() - at));
  return {
    sight: { latencies },
    get isOpen() {
      return socket.connected;
    },
    get unacked() {
      return unacked;
    },
    publish(id) {
      unacked += 1;
      socket.emit('publish', { id, at: Date.now() }, () => void (unacked -= 1));
    },
    close: () => void socket.close(),
  };
};
