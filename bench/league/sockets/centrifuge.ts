import { Centrifuge } from 'centrifuge';
import { pageApp, runSocketApp, socketAddress } from './socket-app.ts';

/** Its documentation for a channel with history: the client recovers from its own position. */
await runSocketApp(
  pageApp((onNumber) => {
    const centrifuge = new Centrifuge(socketAddress('/connection/websocket'));
    const subscription = centrifuge.newSubscription('league');
    subscription.on('publication', ({ data }) => onNumber((data as { number: number }).number));
    subscription.subscribe();
    centrifuge.connect();
  }),
);
