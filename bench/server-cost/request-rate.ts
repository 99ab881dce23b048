import { connect, type Socket } from 'node:net';

export type RateOptions = {
  url: string;
  /** The headers of each request. */
  requests: readonly Readonly<Record<string, string>>[];
  connections: number;
};

/** Where the response ends in this text; -1 if not yet. */
const endOf = (text: string): number => {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return -1;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
  return text.length >= head + 4 + length ? head + 4 + length : -1;
};

/** Sends the requests of one connection one after the other. Throws for a status other than 200. */
const runConnection = (socket: Socket, next: () => string | undefined): Promise<void> =>
  new Promise((done, fail) => {
    let text = '';
    const send = (): void => {
      const request = next();
      if (request === undefined) {
        socket.destroy();
        return done();
      }
      socket.write(request);
    };
    socket.once('error', fail);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = endOf(text);
      if (end < 0) return;
      if (!text.startsWith('HTTP/1.1 200')) return fail(new Error(text.slice(0, 400)));
      text = text.slice(end);
      send();
    });
    send();
  });

/** Requests a second, by a client that does as little as possible: Node's own costs more than the servers. */
export const requestRate = async ({ url, requests, connections }: RateOptions): Promise<number> => {
  const { host, port, pathname } = new URL(url);
  const texts = requests.map((headers) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}\r\n`;
  });
  let sent = 0;
  const next = (): string | undefined => texts[sent++];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, () => runConnection(connect(Number(port), '127.0.0.1').setNoDelay(), next)),
  );
  return requests.length / ((performance.now() - startedAt) / 1_000);
};
