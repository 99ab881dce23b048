import type { Socket } from 'node:net';

/** The server that a client wants. */
export type ServerAddress = { readonly host: string; readonly port: number };

/**
 * The server's side of SOCKS 5 (RFC 1928), without authentication, for the command CONNECT. A browser that uses it sends
 * the same bytes as without a proxy, and names the host, so no address of the site changes.
 */
export type SocksRequest = {
  readonly target: ServerAddress;
  accept(): void;
  /** The client sees a failed connection. */
  refuse(): void;
};

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const REPLY = { succeeded: 0, refused: 5, commandNotSupported: 7 } as const;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
const ADDRESS_AT = 4;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const PORT_BYTES = 2;

const reply = (code: number): Buffer => Buffer.from([VERSION, code, 0, ADDRESS.ipv4, 0, 0, 0, 0, 0, 0]);

const hostIn = (type: number, bytes: Buffer): string => {
  if (type === ADDRESS.name) return bytes.toString('latin1');
  if (type === ADDRESS.ipv4) return [...bytes].join('.');
  const groups = Array.from({ length: IPV6_BYTES / 2 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return groups.join(':');
};

type Parsed = { type: 'more' } | { type: 'wrong' } | { type: 'request'; target: ServerAddress; length: number };

/** Reads the request of the second message. */
const parse = (bytes: Buffer): Parsed => {
  const type = bytes[3];
  if (type === undefined) return { type: 'more' };
  if (bytes[0] !== VERSION || bytes[1] !== CONNECT) return { type: 'wrong' };
  const isName = type === ADDRESS.name;
  const start = isName ? ADDRESS_AT + 1 : ADDRESS_AT;
  const length = isName ? (bytes[ADDRESS_AT] ?? 0) : type === ADDRESS.ipv6 ? IPV6_BYTES : IPV4_BYTES;
  const end = start + length;
  if (bytes.length < end + PORT_BYTES) return { type: 'more' };
  const host = hostIn(type, bytes.subarray(start, end));
  return { type: 'request', target: { host, port: bytes.readUInt16BE(end) }, length: end + PORT_BYTES };
};

/** The message that offers methods: version, their number, and one byte for each. */
const greetingLength = (bytes: Buffer): number | undefined => {
  const methods = bytes[1];
  return methods === undefined || bytes.length < 2 + methods ? undefined : 2 + methods;
};

/** Calls `onRequest` once the client has named its target. Destroys a connection that is not SOCKS 5. */
export const readSocksRequest = (socket: Socket, onRequest: (request: SocksRequest) => void): void => {
  let bytes: Buffer = Buffer.alloc(0);
  let isGreeted = false;
  const onData = (more: Buffer): void => {
    bytes = Buffer.concat([bytes, more]);
    if (!isGreeted) {
      const length = greetingLength(bytes);
      if (length === undefined) return;
      isGreeted = true;
      bytes = bytes.subarray(length);
      socket.write(Buffer.from([VERSION, NO_AUTHENTICATION]));
    }
    const parsed = parse(bytes);
    if (parsed.type === 'more') return;
    socket.off('data', onData);
    socket.pause();
    if (parsed.type === 'wrong') return void socket.end(reply(REPLY.commandNotSupported));
    const rest = bytes.subarray(parsed.length);
    if (rest.length > 0) socket.unshift(rest);
    onRequest({
      target: parsed.target,
      accept: () => void socket.write(reply(REPLY.succeeded)),
      refuse: () => void socket.end(reply(REPLY.refused)),
    });
  };
  socket.on('data', onData);
  socket.on('error', () => socket.destroy());
};
