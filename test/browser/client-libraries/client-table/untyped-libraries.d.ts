/* What the table uses of libraries that have no types of their own. */

declare module 'phoenix' {
  type Push = { receive(status: string, callback: (response: unknown) => void): Push };
  export class Socket {
    constructor(endpoint: string, options: { transport: typeof WebSocket });
    connect(): void;
    channel(topic: string): {
      on(event: string, callback: (payload: { text: string }) => void): void;
      join(): Push;
      push(event: string, payload: object): Push;
    };
  }
}

declare module '@rails/actioncable' {
  export const adapters: { WebSocket: typeof WebSocket };
  export const ConnectionMonitor: { staleThreshold: number };
  export const createConsumer: (url: string) => {
    subscriptions: {
      create(channel: string, mixin: { received(data: { text: string }): void }): { send(data: object): boolean };
    };
  };
}

declare module 'sockjs-client' {
  const SockJS: new (
    url: string,
    reserved: null,
    options: { transports: readonly string[]; timeout: number },
  ) => WebSocket;
  export default SockJS;
}

declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: Element, channel: WebSocket);
    clipboardPasteFrom(text: string): void;
    addEventListener(type: 'clipboard', listener: (event: CustomEvent<{ text: string }>) => void): void;
    addEventListener(type: 'disconnect', listener: () => void): void;
  }
}
