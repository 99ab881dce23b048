import { WebSocket as PartySocket } from 'partysocket';
import { RAW_PATH, rawApp } from './raw-stream.ts';
import { runSocketApp, socketAddress } from './socket-app.ts';

/** Its defaults, as in its documentation. It has no heartbeat. */
await runSocketApp(rawApp(() => new PartySocket(socketAddress(RAW_PATH))));
