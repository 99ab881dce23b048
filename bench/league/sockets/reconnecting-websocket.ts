import ReconnectingWebSocket from 'reconnecting-websocket';
import { RAW_PATH, rawApp } from './raw-stream.ts';
import { runSocketApp, socketAddress } from './socket-app.ts';

/** Its defaults, which its documentation recommends nothing else than. It has no heartbeat: see wrapper.ts. */
await runSocketApp(rawApp(() => new ReconnectingWebSocket(socketAddress(RAW_PATH))));
