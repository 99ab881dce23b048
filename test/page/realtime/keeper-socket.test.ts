import { beforeEach, describe, expect, test } from 'vitest';
import type { SocketClass } from '../../../src/page/index.ts';
import { connect, eventually, useToySite, type ToyPage } from '../support/toy-page.ts';

const toys = useToySite();
let page: ToyPage['page'];

describe('the global class', () => {
  test('keeps the sockets that a page creates before it is connected, until it is [install-global]', async () => {
    const toy = await toys.open();
    const result = await toy.page.evaluate(async () => {
      const Native = WebSocket;
      const uninstall = await lib.installGlobal();
      const socket = new WebSocket('/echo');
      const messages: unknown[] = [];
      socket.onopen = () => socket.send('early');
      const received = new Promise((resolve) => {
        socket.onmessage = ({ data }) => resolve(messages.push(data));
      });
      const states = [socket.readyState, socket instanceof WebSocket, WebSocket === lib.KeeperSocket];
      const connected = await lib.connect({ worker: '/sw.js' });
      await received;
      uninstall();
      connected.close();
      return { states, messages, native: WebSocket === Native, after: socket.readyState };
    });
    expect(result).toEqual({ states: [0, true, true], messages: ['early'], native: true, after: 3 });
  });
});

describe('a keeper socket', () => {
  beforeEach(async () => {
    const toy = await toys.open();
    await connect(toy);
    page = toy.page;
  });

  test('throws the same errors as a WebSocket', async () => {
    const errors = await page.evaluate(() => {
      const errorOf = (run: () => void): string => {
        try {
          run();
          return 'none';
        } catch (error) {
          return error instanceof DOMException ? error.name : String(error);
        }
      };
      const tries = (Socket: typeof WebSocket | SocketClass) => {
        const make = (url: string, protocols?: string | string[]) => errorOf(() => new Socket(url, protocols).close());
        const socket = new Socket('/echo');
        return [
          ...['http://[', 'ftp://localhost/', '/echo#part', 'ws://localhost:9/a b', '/echo'].map((url) => make(url)),
          ...['', 'a b', 'a,b', ['a', 'a'], ['a', 'A'], ['a', ''], 'ok'].map((protocols) => make('/echo', protocols)),
          errorOf(() => socket.send('x')),
          ...[999, 1001, 1005, 2999, 5000, Number.NaN].map((code) => errorOf(() => socket.close(code))),
          errorOf(() => socket.close(1000, 'x'.repeat(124))),
          errorOf(() => socket.close(3000, 'é'.repeat(62))),
          errorOf(() => socket.close(3000, 'x'.repeat(123))),
          errorOf(() => socket.close()),
          errorOf(() => socket.send('late')),
          socket.readyState,
          socket.bufferedAmount,
        ];
      };
      return [tries(lib.KeeperSocket), tries(WebSocket)];
    });
    expect(errors[0]).toEqual(errors[1]);
  });

  test('has the properties of a WebSocket', async () => {
    const shapes = await page.evaluate(() => {
      const shapeOf = (Socket: typeof WebSocket | SocketClass) => {
        const socket = new Socket('/echo?a=1', ['one', 'two']);
        socket.addEventListener('error', () => {});
        const { url, protocol, extensions, readyState, binaryType, bufferedAmount, onopen } = socket;
        const constants = [Socket, socket].flatMap(({ CONNECTING, OPEN, CLOSING, CLOSED }) => [
          CONNECTING,
          OPEN,
          CLOSING,
          CLOSED,
        ]);
        socket.binaryType = 'arraybuffer';
        Reflect.set(socket, 'binaryType', 'nonsense');
        Reflect.set(socket, 'onmessage', 7);
        return {
          url,
          protocol,
          extensions,
          readyState,
          binaryType,
          bufferedAmount,
          onopen,
          constants,
          later: [socket.binaryType, socket.onmessage],
        };
      };
      return [shapeOf(lib.KeeperSocket), shapeOf(WebSocket)];
    });
    expect(shapes[0]).toEqual(shapes[1]);
  });

  test('sends text, buffers, views and blobs in order, and receives them as `binaryType` says', async () => {
    const log = await page.evaluate(async () => {
      const socket = new lib.KeeperSocket('/echo', 'chat');
      const received: unknown[] = [];
      const handlers = { open: 0, replaced: 0 };
      socket.onopen = () => (handlers.replaced += 1);
      socket.onopen = () => (handlers.open += 1);
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const bytes = new Uint8Array([9, 1, 2, 3, 9]);
      socket.binaryType = 'arraybuffer';
      const all = new Promise<void>((resolve) => {
        socket.onmessage = ({ data, origin }: MessageEvent<unknown>) => {
          received.push(data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data);
          if (received.length === 5) resolve();
          if (origin !== location.origin.replace('http', 'ws')) received.push(origin);
        };
      });
      socket.send('text');
      socket.send(new Blob(['blob']));
      socket.send(bytes.subarray(1, 4));
      socket.send(bytes.buffer);
      bytes.fill(0);
      socket.send('last');
      await all;
      socket.binaryType = 'blob';
      const blob = await new Promise<unknown>((resolve) => {
        socket.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
        socket.send(new Uint8Array([65]));
      });
      return { received, handlers, protocol: socket.protocol, blob: blob instanceof Blob && (await blob.text()) };
    });
    expect(log).toEqual({
      received: ['text', [98, 108, 111, 98], [1, 2, 3], [9, 1, 2, 3, 9], 'last'],
      handlers: { open: 1, replaced: 0 },
      protocol: 'chat',
      blob: 'A',
    });
  });

  test('closes as a WebSocket does', async () => {
    const closings = await page.evaluate(async () => {
      const closing = async (url: string, end: (socket: WebSocket) => void) => {
        const socket = new lib.KeeperSocket(url);
        const received: string[] = [];
        socket.onerror = () => received.push('error');
        const closed = new Promise<CloseEvent>((resolve) => {
          socket.onclose = resolve;
        });
        end(socket);
        const { code, reason, wasClean } = await closed;
        return [...received, code, reason, wasClean, socket.readyState];
      };
      return [
        await closing('/echo', (socket) => {
          socket.onopen = () => {
            socket.send(new Blob(['sent before the close']));
            socket.close(4001, 'done');
          };
        }),
        await closing('/refuse', () => {}),
        await closing('/echo', (socket) => socket.close()),
        await closing('/echo', () => keeper.close()),
      ];
    });
    expect(closings).toEqual([
      [4001, 'done', true, 3],
      ['error', 1006, '', false, 3],
      ['error', 1006, '', false, 3],
      ['error', 1006, '', false, 3],
    ]);
    const sentOrClosed = (): string[] =>
      toys.site.notes.map(({ what }) => what).filter((what) => /^socket-(send|close)/.test(what));
    await eventually(() => sentOrClosed().slice(0, 2)).toEqual(['socket-send object', 'socket-close']);
  });

  test('fails when a file that it sends has vanished, as a WebSocket does [blob-gone]', async () => {
    const events = await page.evaluate(async () => {
      const socket = new lib.KeeperSocket('/echo');
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const seen: unknown[] = [];
      socket.onerror = () => seen.push('error');
      const closed = new Promise((resolve) => {
        socket.onclose = ({ code, wasClean }) => resolve(seen.push([code, wasClean, socket.readyState]));
      });
      const gone = new Blob(['x']);
      gone.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
      socket.send(gone);
      socket.send('after');
      await closed;
      return [...seen, socket.bufferedAmount];
    });
    expect(events).toEqual(['error', [1006, false, 3], 5]);
  });

  test('throws InvalidStateError when there is no keeper', async () => {
    const error = await page.evaluate(() => {
      keeper.close();
      try {
        return new lib.KeeperSocket('/echo').url;
      } catch (error) {
        return error instanceof DOMException && error.name;
      }
    });
    expect(error).toBe('InvalidStateError');
  });
});
