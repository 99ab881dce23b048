import { errorOf, next, opened, type Case } from './case-tools.ts';

/* Events of `onmessage` without another listener. In that case ours is not a browser's event. */

const ANSWER = 'x';

/** Resolves with the result of `look` during the handler, and with the event. */
const handled = async <T>(
  Socket: typeof WebSocket,
  look: (event: MessageEvent, socket: WebSocket) => T,
): Promise<{ found: T; event: MessageEvent; socket: WebSocket }> => {
  const socket = await opened(Socket);
  return new Promise((resolve) => {
    socket.onmessage = (event) => resolve({ found: look(event, socket), event, socket });
    socket.send(ANSWER);
  });
};

const placesOf = (event: MessageEvent, socket: WebSocket): unknown => ({
  target: event.target === socket,
  srcElement: Reflect.get(event, 'srcElement') === socket,
  currentTarget: event.currentTarget === socket ? 'the socket' : event.currentTarget,
  path: event.composedPath().map((each) => each === socket),
  phase: event.eventPhase,
});

/** Copies an event, as clients do that dispatch it again (partysocket). */
const copied = (event: Event): unknown => {
  const copy = Reflect.construct(event.constructor, [event.type, event]) as MessageEvent<unknown>;
  return [copy.type, copy.data, copy.origin.replace(location.host, 'host'), copy.lastEventId, copy.ports];
};

const FLAGS = ['bubbles', 'cancelable', 'composed', 'defaultPrevented', 'returnValue', 'cancelBubble'];
const flagsOf = (event: Event): unknown => FLAGS.map((name) => Reflect.get(event, name) as unknown);

export const HANDLER_CASES: Readonly<Record<string, Case>> = {
  'a handler: the data of the event': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    const { type, origin, lastEventId, source, ports }: MessageEvent<unknown> = event;
    return {
      type,
      data: event.data as unknown,
      origin: origin.replace(location.host, 'host'),
      lastEventId,
      source,
      ports,
    };
  },
  'a handler: the class of the event': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    const { AT_TARGET, NONE, constructor } = event;
    const kind = Object.prototype.toString.call(event);
    const isOne = [event instanceof Event, event instanceof MessageEvent];
    return { AT_TARGET, NONE, constructor: constructor.name, kind, isOne };
  },
  'a handler: the targets of the event, and a task later': async (Socket) => {
    const { found, event, socket } = await handled(Socket, placesOf);
    await new Promise((resolve) => setTimeout(resolve));
    return [found, placesOf(event, socket)];
  },
  'a handler: the event inside a promise callback': async (Socket) => {
    const { event, socket } = await handled(Socket, () => undefined);
    return placesOf(event, socket);
  },
  'a handler: the flags before and after it stops the event': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      const before = flagsOf(event);
      event.preventDefault();
      event.stopPropagation();
      Reflect.set(event, 'returnValue', false);
      return [before, flagsOf(event)];
    });
    return found;
  },
  'a handler: stops the event with `stopImmediatePropagation`': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      event.stopImmediatePropagation();
      return flagsOf(event);
    });
    return found;
  },
  'a handler: stops the event with `cancelBubble`': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      Reflect.set(event, 'cancelBubble', false);
      const before = flagsOf(event);
      Reflect.set(event, 'cancelBubble', true);
      return [before, flagsOf(event)];
    });
    return found;
  },
  'a handler: the timestamp': async (Socket) => {
    const before = performance.now();
    const { event } = await handled(Socket, () => undefined);
    return before < event.timeStamp && event.timeStamp <= performance.now();
  },
  'a handler: copies the event': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    return copied(event);
  },
  'a listener: copies the event': async (Socket) => {
    const socket = await opened(Socket);
    const event = next(socket, 'message');
    socket.send(ANSWER);
    return copied(await event);
  },
  'a handler: dispatches the event during its dispatch': async (Socket) => {
    const { found } = await handled(
      Socket,
      (event) => errorOf(() => new EventTarget().dispatchEvent(event)) !== 'none',
    );
    return found;
  },
  'a handler: its `this`': async (Socket) => {
    const socket = await opened(Socket);
    const itself = new Promise((resolve) => {
      socket.onmessage = function () {
        resolve(this === socket);
      };
    });
    socket.send(ANSWER);
    return itself;
  },
  'a handler that throws: the window gets an error event, and the next message comes': async (Socket) => {
    const socket = await opened(Socket);
    const errors: unknown[] = [];
    const note = (event: ErrorEvent): void => {
      event.preventDefault();
      errors.push(event.error instanceof RangeError && event.error.message);
    };
    addEventListener('error', note);
    const second = new Promise((resolve) => {
      socket.onmessage = () => {
        socket.onmessage = resolve;
        throw new RangeError('of a handler');
      };
    });
    socket.send('burst');
    await second;
    removeEventListener('error', note);
    return errors;
  },
  'a handler that awaits each message gets all of them': async (Socket) => {
    const socket = await opened(Socket);
    const all: unknown[] = [];
    let take: (data: unknown) => void = () => all.push('missed');
    socket.onmessage = ({ data }) => take(data);
    const one = (): Promise<unknown> => new Promise((resolve) => (take = resolve));
    socket.send('burst');
    for (let count = 0; count < 4; count += 1) {
      // Several promises deep, like code that awaits.
      const wait = async (): Promise<unknown> => {
        const data = await one();
        return Promise.resolve(data);
      };
      all.push(await wait());
    }
    return all;
  },
  'a handler is replaced, removed and set again between messages': async (Socket) => {
    const socket = await opened(Socket);
    const order: string[] = [];
    const say = async (): Promise<void> => {
      const echo = new Promise<void>((resolve) => {
        const { onmessage } = socket;
        socket.onmessage = function (event) {
          if (onmessage) Reflect.apply(onmessage, this, [event]);
          socket.onmessage = onmessage;
          resolve();
        };
      });
      socket.send(ANSWER);
      await echo;
    };
    for (const handler of [() => order.push('first'), null, () => order.push('third')]) {
      socket.onmessage = handler;
      await say();
    }
    return order;
  },
  'a handler and listeners: run in the order in which they were added': async (Socket) => {
    const socket = await opened(Socket);
    const order: string[] = [];
    const all = new Promise<string[]>((resolve) => {
      socket.addEventListener('message', () => order.push('first'));
      socket.onmessage = () => order.push('handler');
      socket.addEventListener('message', { handleEvent: () => order.push('object') });
      socket.addEventListener('message', () => resolve(order));
    });
    socket.send(ANSWER);
    return all;
  },
  'a handler, and a listener that is added between messages': async (Socket) => {
    const socket = await opened(Socket);
    const order: string[] = [];
    const all = new Promise<string[]>((resolve) => {
      const listen = (): void => void (order.push('listener') === 5 && resolve(order));
      socket.onmessage = () => {
        if (order.push('handler') === 1) socket.addEventListener('message', listen);
      };
    });
    socket.send('burst');
    return all;
  },
  'a listener that bypasses the own method of the socket': async (Socket) => {
    const socket = await opened(Socket);
    const order: string[] = [];
    EventTarget.prototype.addEventListener.call(socket, 'message', () => order.push('listener'));
    const handled = new Promise<void>((resolve) => {
      socket.onmessage = () => {
        order.push('handler');
        resolve();
      };
    });
    socket.send(ANSWER);
    await handled;
    return order;
  },
  'a handler: all attributes of the event can be read': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    const names = [Event, MessageEvent].flatMap((kind) =>
      Object.entries(Object.getOwnPropertyDescriptors(kind.prototype)).flatMap(([name, { get }]) =>
        get ? [name] : [],
      ),
    );
    return names.filter((name) => errorOf(() => Reflect.get(event, name) as unknown) !== 'none');
  },
  'a handler gets events that a script dispatches': async (Socket) => {
    const socket = await opened(Socket);
    const received: unknown[] = [];
    socket.onmessage = ({ data, isTrusted }) => received.push(data, isTrusted);
    socket.dispatchEvent(new MessageEvent('message', { data: 'made up' }));
    return received;
  },
};
