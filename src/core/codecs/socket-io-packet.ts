import { isObject, numberAt, parseJson } from '../../protocol/schema/json.ts';
import type { Frame } from './codec.ts';

/** Socket.IO protocol 5 (https://socket.io/docs/v4/socket-io-protocol/), in a message of Engine.IO protocol 4. */
export const CONNECT = '0';
export const DISCONNECT = '1';
export const ACK = '3';
export const CONNECT_ERROR = '4';
export const BINARY_ACK = '6';

/** Tabs need not judge the link; this (ms) is how long a server keeps a session that it can recover, by default. */
const TAB_PING_TIMEOUT_MS = 120_000;
const DEFAULT_PING_INTERVAL_MS = 25_000;
/** How late a server's ping may be. */
const PING_GRACE_MS = 3_000;

/** Engine.IO's `open`; `forTabs` is what their clients are given. */
export type Handshake = { silentAfterMs: number; forTabs: string };

export const parseHandshake = (text: string): Handshake | undefined => {
  const told = parseJson(text.slice(1));
  return isObject(told)
    ? {
        silentAfterMs: (numberAt(told, 'pingInterval') ?? DEFAULT_PING_INTERVAL_MS) + PING_GRACE_MS,
        forTabs: `0${JSON.stringify({ ...told, upgrades: [], pingTimeout: TAB_PING_TIMEOUT_MS })}`,
      }
    : undefined;
};

/** One packet; `id` is that of an acknowledgement, and `attachments` are the binary frames that follow. */
export type Packet = {
  type: string;
  namespace: string;
  id: string | undefined;
  body: string;
  attachments: readonly ArrayBuffer[];
};

const PACKET = /^4([0-6])(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?([^]*)$/;

/** More than this in one packet is nobody's honest message. */
const MAX_ATTACHMENTS = 64;

/** Puts the frames of one side together; `undefined` until a packet is whole, `'violated'` for what is none. */
export const createAssembler = (): ((frame: Frame) => Packet | 'violated' | undefined) => {
  let partial: { packet: Packet; missing: number; parts: ArrayBuffer[] } | undefined;
  return (frame) => {
    if (typeof frame !== 'string') {
      if (!partial) return 'violated';
      const { packet, missing, parts } = partial;
      parts.push(frame);
      if (parts.length < missing) return undefined;
      partial = undefined;
      return { ...packet, attachments: parts };
    }
    const found = PACKET.exec(frame);
    if (partial || !found) return 'violated';
    const [, type = '', count = '0', namespace = '/', id, body = ''] = found;
    const missing = Number(count);
    const packet: Packet = { type, namespace, id, body, attachments: [] };
    if (missing === 0) return packet;
    if (missing > MAX_ATTACHMENTS) return 'violated';
    partial = { packet, missing, parts: [] };
    return undefined;
  };
};

export const packetFrames = ({ type, namespace, id = '', body, attachments }: Packet): readonly Frame[] => {
  const count = attachments.length > 0 ? `${attachments.length}-` : '';
  return [`4${type}${count}${namespace === '/' ? '' : `${namespace},`}${id}${body}`, ...attachments];
};

export const controlPacket = (type: string, namespace: string, body = ''): Packet => ({
  type,
  namespace,
  id: undefined,
  body,
  attachments: [],
});
