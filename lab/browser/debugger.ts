import { once } from 'node:events';
import { WebSocket } from 'ws';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../src/protocol/schema/json.ts';

export type DebuggerEvent = { method: string; params: JsonObject; session: string | undefined };

/** Sends commands to a browser. The DevTools protocol and WebDriver BiDi number commands and answers alike. */
export type Debugger = {
  /** `session`: of one target, with DevTools' flat mode. */
  command(method: string, params?: object, session?: string): Promise<JsonObject>;
  onEvent(listener: (event: DebuggerEvent) => void): void;
  /** Listens to one event. Returns a function that ends it. */
  on(method: string, listener: (params: unknown) => void): () => void;
  close(): void;
};

export const attach = async (url: string): Promise<Debugger> => {
  const socket = new WebSocket(url);
  const waiting = new Map<unknown, (answer: JsonObject) => void>();
  const listeners = new Set<(event: DebuggerEvent) => void>();
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const message = parseJson(data.toString());
    if (!isObject(message)) return;
    const method = stringAt(message, 'method');
    if (method === undefined) {
      waiting.get(own(message, 'id'))?.(message);
      waiting.delete(own(message, 'id'));
      return;
    }
    const params = own(message, 'params');
    const event = { method, params: isObject(params) ? params : {}, session: stringAt(message, 'sessionId') };
    for (const listener of listeners) listener(event);
  });
  // A browser that ends answers nothing any more.
  socket.on('close', () => {
    for (const answer of waiting.values()) answer({});
    waiting.clear();
  });
  socket.on('error', () => socket.terminate());
  await once(socket, 'open');
  return {
    command: (method, params = {}, session) => {
      last += 1;
      const id = last;
      if (socket.readyState !== socket.OPEN) return Promise.resolve({});
      socket.send(JSON.stringify({ id, method, params, ...(session === undefined ? {} : { sessionId: session }) }));
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    onEvent: (listener) => void listeners.add(listener),
    on: (method, listener) => {
      const onEvent = (event: DebuggerEvent): void => {
        if (event.method === method) listener(event.params);
      };
      listeners.add(onEvent);
      return () => void listeners.delete(onEvent);
    },
    close: () => socket.close(),
  };
};
