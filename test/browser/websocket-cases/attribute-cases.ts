import { ECHO, errorOf, made, urlOf, protocolsError, next, opened, nextData, type Case } from './case-tools.ts';

/* Arguments and attributes. */

const URLS: Readonly<Record<string, Case>> = {
  'no argument': (Socket) => made(Socket),
  'called without `new`': (Socket) => errorOf(() => Reflect.apply(Socket, undefined, [ECHO])),
  'a relative URL': (Socket) => urlOf(Socket, '/echo?a=1'),
  'an empty URL': (Socket) => urlOf(Socket, ''),
  'http becomes ws': (Socket) => urlOf(Socket, `http://${location.host}/echo`),
  'https becomes wss': (Socket) => urlOf(Socket, 'https://localhost:1/echo'),
  'a URL object': (Socket) => urlOf(Socket, new URL('/echo', location.href)),
  'upper case, dots and blanks are normalised': (Socket) => urlOf(Socket, ` WS://LOCALHOST:1/a/../echo `),
  'default ports are left out': (Socket) => urlOf(Socket, 'ws://localhost:80/echo'),
  'a fragment': (Socket) => urlOf(Socket, '/echo#part'),
  'an empty fragment': (Socket) => urlOf(Socket, '/echo#'),
  'another scheme': (Socket) => urlOf(Socket, 'ftp://localhost/'),
  'a mailto URL': (Socket) => urlOf(Socket, 'mailto:a@example.org'),
  'a broken URL': (Socket) => urlOf(Socket, 'http://['),
  'a port out of range': (Socket) => urlOf(Socket, 'ws://localhost:65536/'),
  'blanks and umlauts in a path': (Socket) => urlOf(Socket, '/echo/a b/ä'),
  'a name and a password in the URL': (Socket) => urlOf(Socket, 'ws://a:b@localhost:1/echo'),
};

const PROTOCOLS: Readonly<Record<string, Case>> = {
  'subprotocols: an empty list': (Socket) => protocolsError(Socket, []),
  'subprotocols: undefined': (Socket) => protocolsError(Socket, undefined),
  'subprotocols: null': (Socket) => protocolsError(Socket, null),
  'subprotocols: empty': (Socket) => protocolsError(Socket, ''),
  'subprotocols: with a blank': (Socket) => protocolsError(Socket, 'a b'),
  'subprotocols: with a comma': (Socket) => protocolsError(Socket, 'a,b'),
  'subprotocols: not ASCII': (Socket) => protocolsError(Socket, 'ä'),
  'subprotocols: a control character': (Socket) => protocolsError(Socket, '\u0001'),
  'subprotocols: separators': (Socket) =>
    Array.from('()<>@,;:\\"/[]?={} \t').map((each) => protocolsError(Socket, each)),
  'subprotocols: all other token characters': (Socket) => protocolsError(Socket, "!#$%&'*+-.^_`|~09azAZ"),
  'subprotocols: a duplicate': (Socket) => protocolsError(Socket, ['a', 'a']),
  'subprotocols: a duplicate in another case': (Socket) => protocolsError(Socket, ['a', 'A']),
  'subprotocols: one is empty': (Socket) => protocolsError(Socket, ['a', '']),
  'subprotocols: a set': (Socket) => protocolsError(Socket, new Set(['a', 'b'])),
  'subprotocols: a number': (Socket) => protocolsError(Socket, 7),
  'subprotocols: an object': (Socket) => protocolsError(Socket, {}),
  'the subprotocol that the server chose': async (Socket) => (await opened(Socket, ECHO, ['one', 'two'])).protocol,
  'no subprotocol': async (Socket) => (await opened(Socket)).protocol,
};

const FACE: Readonly<Record<string, Case>> = {
  constants: (Socket) => {
    const socket = new Socket(ECHO);
    socket.close();
    return [Socket, Socket.prototype, socket].map(({ CONNECTING, OPEN, CLOSING, CLOSED }) => [
      CONNECTING,
      OPEN,
      CLOSING,
      CLOSED,
    ]);
  },
  'constants cannot be written': (Socket) => [
    Reflect.set(Socket, 'OPEN', 7),
    Object.getOwnPropertyDescriptor(Socket, 'OPEN'),
    Object.getOwnPropertyDescriptor(Socket.prototype, 'OPEN'),
  ],
  'its string tag': (Socket) => Object.prototype.toString.call(new Socket(ECHO)),
  'instance of its class': (Socket) => {
    const socket = new Socket(ECHO);
    return [socket instanceof Socket, socket instanceof EventTarget, socket.constructor === Socket];
  },
  'instance of `WebSocket`': (Socket) => new Socket(ECHO) instanceof WebSocket,
  'the chain of prototypes': (Socket) => [
    Object.getPrototypeOf(Socket) === EventTarget,
    Object.getPrototypeOf(Socket.prototype) === EventTarget.prototype,
    Socket.name,
    Object.getOwnPropertyDescriptor(Socket.prototype, Symbol.toStringTag),
  ],
  'own members, as Web IDL has them': (Socket) => {
    const native = Object.keys(Object.getOwnPropertyDescriptors(WebSocket.prototype)).filter(
      (key) => key !== 'constructor',
    );
    return native.map((key) => {
      const found = Object.getOwnPropertyDescriptor(Socket.prototype, key);
      const { get, set, writable, enumerable, configurable } = found ?? {};
      const value: unknown = found?.value;
      const shape = (each: unknown) => (typeof each === 'function' ? [each.name, each.length] : each);
      return [key, shape(get), shape(set), shape(value), writable, enumerable, configurable];
    });
  },
  'members on another object': (Socket) => {
    const other = Object.create(Socket.prototype) as WebSocket;
    const keys = Object.keys(Object.getOwnPropertyDescriptors(WebSocket.prototype));
    const getters = keys.map((key) => [key, errorOf(() => Reflect.get(other, key))]);
    return [
      getters,
      errorOf(() => (other.binaryType = 'blob')),
      errorOf(() => other.close()),
      errorOf(() => other.send('')),
    ];
  },
  'number of parameters': (Socket) => [Socket.length, Socket.prototype.send.length, Socket.prototype.close.length],
  'a subclass': async (Socket) => {
    class Below extends Socket {
      readonly mine = 'mine';
      override send(data: string): void {
        super.send(`${data}!`);
      }
    }
    const socket = new Below(ECHO);
    await next(socket, 'open');
    socket.send('below');
    return [socket instanceof Below, socket.mine, await nextData(socket)];
  },
  'before it is open': (Socket) => {
    const { url: _url, protocol, extensions, readyState, binaryType, bufferedAmount, ...rest } = new Socket(ECHO);
    return { protocol, extensions, readyState, binaryType, bufferedAmount, own: Object.keys(rest) };
  },
  'attributes that cannot be written': (Socket) => {
    const socket = new Socket(ECHO);
    return ['url', 'protocol', 'extensions', 'readyState', 'bufferedAmount'].map((name) =>
      Reflect.set(socket, name, 7),
    );
  },
  'extensions once it is open': async (Socket) => (await opened(Socket)).extensions,
  'names on the prototype': (Socket) => {
    const names = [];
    for (const name in Socket.prototype) names.push(name);
    return names.toSorted();
  },
};

const HANDLERS: Readonly<Record<string, Case>> = {
  'handlers are null at first': (Socket) => {
    const { onopen, onmessage, onerror, onclose } = new Socket(ECHO);
    return [onopen, onmessage, onerror, onclose];
  },
  'a handler reads back': (Socket) => {
    const socket = new Socket(ECHO);
    const handler = (): void => undefined;
    socket.onopen = handler;
    return socket.onopen === handler;
  },
  'a handler that is not a function': (Socket) => {
    const socket = new Socket(ECHO);
    return [7, 'text', undefined, null].map((value) => {
      Reflect.set(socket, 'onopen', value);
      return socket.onopen;
    });
  },
  'a handler that is an object': (Socket) => {
    const socket = new Socket(ECHO);
    const handler = { handleEvent: () => undefined };
    Reflect.set(socket, 'onopen', handler);
    return (Reflect.get(socket, 'onopen') as unknown) === handler;
  },
  'a later handler replaces the first in its place': async (Socket) => {
    const socket = new Socket(ECHO);
    const order: string[] = [];
    socket.onopen = () => order.push('first');
    socket.addEventListener('open', () => order.push('listener'));
    socket.onopen = () => order.push('second');
    await next(socket, 'open');
    return order;
  },
  'a removed handler': async (Socket) => {
    const socket = new Socket(ECHO);
    const order: string[] = [];
    socket.onopen = () => order.push('handler');
    socket.onopen = null;
    await next(socket, 'open');
    return order;
  },
  '`this` of a handler': async (Socket) => {
    const socket = new Socket(ECHO);
    const isSelf = await new Promise((resolve) => {
      socket.onopen = function (event) {
        resolve([this === socket, event.target === socket, event.currentTarget === socket]);
      };
    });
    return isSelf;
  },
};

export const ATTRIBUTE_CASES: Readonly<Record<string, Case>> = { ...URLS, ...PROTOCOLS, ...FACE, ...HANDLERS };
