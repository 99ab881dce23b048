import { errorOf, next, opened, type Case } from './case-tools.ts';

/* What `onmessage` is given where nobody else listens: ours is made by no browser then. */

const ANSWER = 'x';

/** What `look` finds in the event while its handler runs, and the event itself. */
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

/** As clients do that hand events on (partysocket). */
const copied = (event: Event): unknown => {
  const copy = Reflect.construct(event.constructor, [event.type, event]) as MessageEvent<unknown>;
  return [copy.type, copy.data, copy.origin.replace(location.host, 'host'), copy.lastEventId, copy.ports];
};

const FLAGS = ['bubbles', 'cancelable', 'composed', 'defaultPrevented', 'returnValue', 'cancelBubble'];
const flagsOf = (event: Event): unknown => FLAGS.map((name) => Reflect.get(event, name) as unknown);

export const HANDLER_CASES: Readonly<Record<string, Case>> = {
  'a handler: what the event holds': async (Socket) => {
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
  'a handler: what the event is': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    const { AT_TARGET, NONE, constructor } = event;
    const kind = Object.prototype.toString.call(event);
    const isOne = [event instanceof Event, event instanceof MessageEvent];
    return { AT_TARGET, NONE, constructor: constructor.name, kind, isOne };
  },
  'a handler: where the event is, and a task later': async (Socket) => {
    const { found, event, socket } = await handled(Socket, placesOf);
    await new Promise((resolve) => setTimeout(resolve));
    return [found, placesOf(event, socket)];
  },
  'a handler: the event inside a promise callback': async (Socket) => {
    const { event, socket } = await handled(Socket, () => undefined);
    return placesOf(event, socket);
  },
  'a handler: its flags, before and after it tried to stop the event': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      const before = flagsOf(event);
      event.preventDefault();
      event.stopPropagation();
      Reflect.set(event, 'returnValue', false);
      return [before, flagsOf(event)];
    });
    return found;
  },
  'a handler: the event is stopped at once': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      event.stopImmediatePropagation();
      return flagsOf(event);
    });
    return found;
  },
  'a handler: the event is stopped the old way': async (Socket) => {
    const { found } = await handled(Socket, (event) => {
      Reflect.set(event, 'cancelBubble', false);
      const before = flagsOf(event);
      Reflect.set(event, 'cancelBubble', true);
      return [before, flagsOf(event)];
    });
    return found;
  },
  'a handler: when it came': async (Socket) => {
    const before = performance.now();
    const { event } = await handled(Socket, () => undefined);
    return before < event.timeStamp && event.timeStamp <= performance.now();
  },
  'a handler: an event of the same kind is made of it': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    return copied(event);
  },
  'a listener: an event of the same kind is made of it': async (Socket) => {
    const socket = await opened(Socket);
    const event = next(socket, 'message');
    socket.send(ANSWER);
    return copied(await event);
  },
  'a handler: given to another dispatch while it is in one': async (Socket) => {
    const { found } = await handled(
      Socket,
      (event) => errorOf(() => new EventTarget().dispatchEvent(event)) !== 'none',
    );
    return found;
  },
  'a handler: what it is called on': async (Socket) => {
    const socket = await opened(Socket);
    const itself = new Promise((resolve) => {
      socket.onmessage = function () {
        resolve(this === socket);
      };
    });
    socket.send(ANSWER);
    return itself;
  },
  'a handler that throws: the window is told, and the next message comes': async (Socket) => {
    const socket = await opened(Socket);
    const told: unknown[] = [];
    const note = (event: ErrorEvent): void => {
      event.preventDefault();
      told.push(event.error instanceof RangeError && event.error.message);
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
    return told;
  },
  'a handler that awaits each message hears each': async (Socket) => {
    const socket = await opened(Socket);
    const all: unknown[] = [];
    let take: (data: unknown) => void = () => all.push('missed');
    socket.onmessage = ({ data }) => take(data);
    const one = (): Promise<unknown> => new Promise((resolve) => (take = resolve));
    socket.send('burst');
    for (let count = 0; count < 4; count += 1) {
      // some layers of promises deep, as awaiting code is
      const wait = async (): Promise<unknown> => {
        const data = await one();
        return Promise.resolve(data);
      };
      all.push(await wait());
    }
    return all;
  },
  'a handler is exchanged, taken away, set anew between messages': async (Socket) => {
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
  'a handler and listeners: each in the order in which it came': async (Socket) => {
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
  'a handler, and a listener that comes in the midst of messages': async (Socket) => {
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
  'a handler: nothing of the event throws when it is read': async (Socket) => {
    const { event } = await handled(Socket, () => undefined);
    const names = [Event, MessageEvent].flatMap((kind) =>
      Object.entries(Object.getOwnPropertyDescriptors(kind.prototype)).flatMap(([name, { get }]) =>
        get ? [name] : [],
      ),
    );
    return names.filter((name) => errorOf(() => Reflect.get(event, name) as unknown) !== 'none');
  },
  'a handler hears what somebody else dispatches': async (Socket) => {
    const socket = await opened(Socket);
    const heard: unknown[] = [];
    socket.onmessage = ({ data, isTrusted }) => heard.push(data, isTrusted);
    socket.dispatchEvent(new MessageEvent('message', { data: 'made up' }));
    return heard;
  },
};
