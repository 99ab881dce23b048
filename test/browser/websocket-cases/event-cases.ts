import { ECHO, errorOf, next, opened, ending, nextData, echoed, closeError, type Case } from './case-tools.ts';

/* Events, `send` and `close`. */

const eventAttributes = (event: Event): unknown => {
  const { type, bubbles, cancelable, composed, eventPhase, constructor } = event;
  return { type, bubbles, cancelable, composed, eventPhase, constructor: constructor.name };
};

/** The event as a listener sees it, not as it is later. */
const attributesOf = (socket: WebSocket, type: string): Promise<unknown> =>
  new Promise((resolve) => socket.addEventListener(type, (event) => resolve(eventAttributes(event)), { once: true }));

const EVENTS: Readonly<Record<string, Case>> = {
  'the open event': (Socket) => attributesOf(new Socket(ECHO), 'open'),
  'the message event': async (Socket) => {
    const socket = await opened(Socket);
    socket.send('x');
    const face = attributesOf(socket, 'message');
    const event = await next(socket, 'message');
    if (!(event instanceof MessageEvent)) return 'none';
    const { data, origin, lastEventId, source, ports } = event as MessageEvent<unknown>;
    return [await face, data, origin.replace(location.host, 'host'), lastEventId, source, ports];
  },
  'the close event': async (Socket) => {
    const socket = await opened(Socket);
    socket.close();
    return attributesOf(socket, 'close');
  },
  'events are trusted': async (Socket) => (await next(new Socket(ECHO), 'open')).isTrusted,
  'code that awaits each message gets all of them': async (Socket) => {
    const socket = await opened(Socket);
    socket.send('burst');
    const all = [];
    for (let count = 0; count < 4; count += 1) all.push(await nextData(socket));
    return all;
  },
  'microtasks run between two listeners': async (Socket) => {
    const socket = new Socket(ECHO);
    const order: string[] = [];
    socket.addEventListener('open', () => void Promise.resolve().then(() => order.push('microtask')));
    socket.addEventListener('open', () => order.push('listener'));
    await next(socket, 'open');
    await Promise.resolve();
    return order;
  },
  'no event before the end of the script that created it': async (Socket) => {
    const socket = new Socket(ECHO);
    const before = socket.readyState;
    await Promise.resolve();
    return [before, socket.readyState];
  },
  'a listener that throws does not stop the next': async (Socket) => {
    const socket = await opened(Socket);
    const quiet = (event: Event): void => event.preventDefault();
    addEventListener('error', quiet);
    socket.addEventListener('message', () => {
      throw new Error('of a listener');
    });
    socket.send('x');
    const answer = await nextData(socket);
    removeEventListener('error', quiet);
    return answer;
  },
};

const SEND: Readonly<Record<string, Case>> = {
  'send while it connects': (Socket) => errorOf(() => new Socket(ECHO).send('x')),
  'send without an argument': async (Socket) => {
    const socket = await opened(Socket);
    return errorOf(() => Reflect.apply(socket.send.bind(socket), undefined, []));
  },
  'send: text': (Socket) => echoed(Socket, 'text ä €'),
  'send: empty text': (Socket) => echoed(Socket, ''),
  'send: a null character': (Socket) => echoed(Socket, 'a\0b'),
  'send: a lone surrogate': (Socket) => echoed(Socket, 'a\ud800b'),
  'send: a pair of surrogates': (Socket) => echoed(Socket, '\ud83d\ude00'),
  'send: other values than text': async (Socket) => {
    const all = [];
    for (const each of [7, null, undefined, {}, [1, 2], true]) all.push(await echoed(Socket, each as string));
    return all;
  },
  'send: a symbol': async (Socket) => {
    const socket = await opened(Socket);
    return errorOf(() => socket.send(Symbol('x') as unknown as string));
  },
  'send: an ArrayBuffer': (Socket) => echoed(Socket, new Uint8Array([1, 2, 3]).buffer),
  'send: an empty ArrayBuffer': (Socket) => echoed(Socket, new ArrayBuffer(0)),
  'send: views of all kinds': async (Socket) => {
    const { buffer } = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]);
    const views = [
      new Int8Array(buffer, 8, 3),
      new Uint16Array(buffer, 8, 2),
      new Float32Array(buffer, 8, 1),
      new Float64Array(buffer, 8, 1),
      new BigInt64Array(buffer, 8, 1),
      new DataView(buffer, 8, 5),
    ];
    const all = [];
    for (const view of views) all.push(await echoed(Socket, view));
    return all;
  },
  'send: a Blob': (Socket) => echoed(Socket, new Blob(['ab', new Uint8Array([99])])),
  'send: an empty Blob': (Socket) => echoed(Socket, new Blob([])),
  'send: copies the data': async (Socket) => {
    const socket = await opened(Socket);
    socket.binaryType = 'arraybuffer';
    const bytes = new Uint8Array([1, 2]);
    socket.send(bytes);
    bytes.fill(9);
    const answer = await nextData(socket);
    return answer instanceof ArrayBuffer && [...new Uint8Array(answer)];
  },
  'send: a Blob keeps its place among other frames': async (Socket) => {
    const socket = await opened(Socket);
    socket.binaryType = 'arraybuffer';
    for (const data of ['one', new Blob(['two']), 'three']) socket.send(data);
    const all = [];
    for (let count = 0; count < 3; count += 1) {
      const answer = await nextData(socket);
      all.push(answer instanceof ArrayBuffer ? new TextDecoder().decode(answer) : answer);
    }
    return all;
  },
  'a megabyte': async (Socket) => {
    const answer = await echoed(Socket, new Uint8Array(1_000_000).fill(7));
    return Array.isArray(answer) && [answer.length, answer.at(-1)];
  },
  'binary type: default, set, and set to an invalid value': (Socket) => {
    const socket = new Socket(ECHO);
    return ['', 'arraybuffer', 'nonsense', 'blob', undefined].map((type) => {
      Reflect.set(socket, 'binaryType', type);
      return socket.binaryType;
    });
  },
  'binary type: a Blob': async (Socket) => {
    const socket = await opened(Socket);
    socket.send(new Uint8Array([65, 66]));
    const answer = await nextData(socket);
    return answer instanceof Blob && [answer.type, answer.size, await answer.text()];
  },
  'binary type: changed between two messages': async (Socket) => {
    const socket = await opened(Socket);
    const kinds: unknown[] = [];
    for (const type of ['arraybuffer', 'blob'] as const) {
      socket.binaryType = type;
      socket.send(new ArrayBuffer(1));
      kinds.push(Object.prototype.toString.call(await nextData(socket)));
    }
    return kinds;
  },
};

const AMOUNT: Readonly<Record<string, Case>> = {
  'buffered amount: in the task of the send': async (Socket) => {
    const socket = await opened(Socket);
    const amounts = [socket.bufferedAmount];
    for (const data of ['text ä', new ArrayBuffer(10), new Uint8Array(5), new Blob(['blob'])]) {
      socket.send(data);
      amounts.push(socket.bufferedAmount);
    }
    return amounts;
  },
  'buffered amount: 0 when all echoes have come': async (Socket) => {
    const socket = await opened(Socket);
    socket.send(new ArrayBuffer(100_000));
    await nextData(socket);
    const start = performance.now();
    while (socket.bufferedAmount > 0 && performance.now() - start < 5_000)
      await new Promise((done) => setTimeout(done));
    return socket.bufferedAmount;
  },
  'buffered amount: after the close, for ever': async (Socket) => {
    const socket = await opened(Socket);
    socket.close();
    socket.send('text');
    const closing = socket.bufferedAmount;
    await next(socket, 'close');
    socket.send(new ArrayBuffer(6));
    return [closing, socket.bufferedAmount];
  },
};

const CLOSE: Readonly<Record<string, Case>> = {
  'close: codes that are allowed': async (Socket) => {
    const all = [];
    for (const code of [1000, 3000, 4999, 1000.4, undefined]) all.push(await closeError(Socket, code));
    return all;
  },
  'close: codes that are not allowed': async (Socket) => {
    const all = [];
    for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000, 65_536, -1, Number.NaN, null, 'x'])
      all.push(await closeError(Socket, code));
    return all;
  },
  'close: codes with fractions': async (Socket) => {
    const all = [];
    for (const code of [1000.5, 1000.6, 2999.5]) all.push(await closeError(Socket, code));
    return all;
  },
  'close: a code in words': (Socket) => closeError(Socket, '3000'),
  'close: a reason of 123 bytes, and of 124': async (Socket) => [
    await closeError(Socket, 3000, 'x'.repeat(123)),
    await closeError(Socket, 3000, 'x'.repeat(124)),
    await closeError(Socket, 3000, 'ä'.repeat(62)),
  ],
  'close: a reason that is too long without a code': (Socket) => closeError(Socket, undefined, 'x'.repeat(124)),
  'close: no code': (Socket) => ending(Socket, (socket) => socket.close()),
  'close: a code': (Socket) => ending(Socket, (socket) => socket.close(1000)),
  'close: a code and a reason': (Socket) => ending(Socket, (socket) => socket.close(4321, 'why ä')),
  'close: a reason without a code': (Socket) => ending(Socket, (socket) => socket.close(undefined, 'why')),
  'close: a lone surrogate in the reason': (Socket) => ending(Socket, (socket) => socket.close(3000, 'a\ud800b')),
  'close: twice': (Socket) =>
    ending(Socket, (socket) => {
      socket.close(3001, 'one');
      socket.close(3002, 'two');
    }),
  'close: state after it': async (Socket) => {
    const socket = await opened(Socket);
    socket.close();
    const states = [socket.readyState];
    await next(socket, 'close');
    socket.close();
    return [...states, socket.readyState];
  },
  'close: while it connects': (Socket) => ending(Socket, (socket) => socket.close(), { early: true }),
  'close: while it connects, state and task': async (Socket) => {
    const socket = new Socket(ECHO);
    const states: number[] = [];
    socket.onclose = () => states.push(socket.readyState);
    socket.close();
    states.push(socket.readyState);
    await Promise.resolve();
    states.push(socket.readyState);
    await next(socket, 'close');
    return states;
  },
  'close: messages that were sent before it arrive': async (Socket) => {
    const socket = await opened(Socket);
    socket.send(new Blob(['close 4002 from the server']));
    socket.send('close 4003 bye');
    socket.close(4004);
    const event = await next(socket, 'close');
    return event instanceof CloseEvent && [event.wasClean, event.code >= 4003];
  },
  'close: no message event after it': async (Socket) => {
    const socket = await opened(Socket);
    const messages: unknown[] = [];
    socket.onmessage = ({ data }) => messages.push(data);
    socket.send('late');
    socket.close();
    await next(socket, 'close');
    return messages;
  },
  'the server closes without a code': (Socket) => ending(Socket, (socket) => socket.send('close')),
  'the server closes with a code and a reason': (Socket) =>
    ending(Socket, (socket) => socket.send('close 4001 because ä')),
  'the server closes with 1011': (Socket) => ending(Socket, (socket) => socket.send('close 1011')),
  'the server cuts the connection': (Socket) => ending(Socket, (socket) => socket.send('cut')),
  'the server breaks the protocol': (Socket) => ending(Socket, (socket) => socket.send('break')),
  'the server refuses the connection': (Socket) => ending(Socket, () => undefined, { url: '/nowhere', early: true }),
  'no server listens': (Socket) => ending(Socket, () => undefined, { url: 'ws://localhost:1/', early: true }),
};

export const EVENT_CASES: Readonly<Record<string, Case>> = { ...EVENTS, ...SEND, ...AMOUNT, ...CLOSE };
