import { expect, test } from 'vitest';
import { ABNORMAL_CLOSURE, openConnection } from '../../../src/host/sockets/websocket-connection.ts';

const closesOf = async (WebSocket: unknown, hangUp = false): Promise<readonly number[]> => {
  const codes: number[] = [];
  const connection = openConnection({
    WebSocket: WebSocket as typeof globalThis.WebSocket,
    url: 'wss://api.example/',
    protocols: [],
    opened: () => undefined,
    received: () => undefined,
    closed: (code) => void codes.push(code),
  });
  // Like every other failure, it is reported after the call.
  expect(codes).toEqual([]);
  if (hangUp) connection.hangUp(1001);
  await Promise.resolve();
  return codes;
};

/** What Chromium 156 makes for a URL that the Content-Security-Policy forbids: `error`, and never `close`. */
class Forbidden {
  readonly CLOSED = 3;
  readonly readyState = 3;
}

class Throwing extends Forbidden {
  constructor() {
    super();
    throw new DOMException('not allowed', 'SyntaxError');
  }
}

test.each([
  ['makes a closed socket', Forbidden],
  ['throws', Throwing],
])('reports a close when the browser %s for a forbidden URL', async (_name, WebSocket) => {
  expect(await closesOf(WebSocket)).toEqual([ABNORMAL_CLOSURE]);
  expect(await closesOf(WebSocket, true)).toEqual([]);
});
