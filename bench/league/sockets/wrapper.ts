import ReconnectingWebSocket from 'reconnecting-websocket';
import { RAW_PATH, readNumbers } from './raw-stream.ts';
import { pageApp, runSocketApp, socketAddress } from './socket-app.ts';

/*
 * What a careful team adds to `reconnecting-websocket` by hand: a heartbeat, and a look at the connection at once when the
 * network or the user is back.
 */

const BEAT_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;
const PING = JSON.stringify({ ping: true });

await runSocketApp(
  pageApp((onNumber) => {
    const socket = new ReconnectingWebSocket(socketAddress(RAW_PATH), [], { maxEnqueuedMessages: 0 });
    let late: ReturnType<typeof setTimeout> | undefined;
    const alive = (): void => {
      clearTimeout(late);
      late = undefined;
    };
    const beat = (): void => {
      if (socket.readyState !== socket.OPEN || late !== undefined) return;
      socket.send(PING);
      late = setTimeout(() => {
        late = undefined;
        socket.reconnect();
      }, ANSWER_WITHIN_MS);
    };
    readNumbers(socket, onNumber, alive);
    socket.addEventListener('close', alive);
    setInterval(beat, BEAT_MS);
    globalThis.addEventListener('online', beat);
    document.addEventListener('visibilitychange', beat);
  }),
);
