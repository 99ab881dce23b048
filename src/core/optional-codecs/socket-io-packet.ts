import { isObject, numberAt, parseJson } from '../../protocol/schema/json.ts';
import type { Frame } from '../codecs/codec.ts';

/** Socket.IO protocol 5 (https://socket.io/docs/v4/socket-io-protocol/), in a message of Engine.IO protocol 4. */
export const CONNECT = '0';
export const DISCONNECT = '1';
export const ACK = '3';
export const CONNECT_ERROR = '4';
export const BINARY_ACK = '6';

/** The worker watches the connection, so tabs get a long one (ms): a server's default for recovery. */
const TAB_PING_TIMEOUT_MS = 120_000;
const DEFAULT_PING_INTERVAL_MS = 25_000;
/** Maximum delay (ms) of a server's ping. */
const PING_GRACE_MS = 3_000;

/** Engine.IO's `open` packet. `forTabs` is the packet that the tabs' clients receive. */
export type Handshake = { silentAfterMs: number; forTabs: string };

export const parseHandshake = (text: string): Handshake | undefined => {
  const body = parseJson(text.slice(1));
  return isObject(body)
    ? {
        silentAfterMs: (numberAt(body, 'pingInterval') ?? DEFAULT_PING_INTERVAL_MS) + PING_GRACE_MS,
        forTabs: `0${JSON.stringify({ ...body, upgrades: [], pingTimeout: TAB_PING_TIMEOUT_MS })}`,
      }
    : undefined;
};

/** One packet. `id` names its acknowledgement. `attachments` are the binary frames that follow it. */
export type Packet = {
  type: string;
  namespace: string;
  id: string | undefined;
  body: string;
  attachments: readonly ArrayBuffer[];
};

const PACKET = /^4([0-6])(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?([^]*)$/;

/** A packet with more attachments is treated as an attack. */
const MAX_ATTACHMENTS = 64;

/** Joins the frames of one side. Returns `undefined` until a packet is complete, and `'violated'` if it is invalid. */
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
