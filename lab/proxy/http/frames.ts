/** Reads the heads of WebSocket frames (RFC 6455 §5.2) of one direction, without a copy of their content. */
export type FrameReader = (bytes: Buffer) => readonly FrameHead[];
export type FrameHead = { opcode: number; closeCode: number | undefined };

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const OPCODE_BITS = 0x0f;
const FINAL = 0x80;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;
const MASK_BYTES = 4;
const CODE_BYTES = 2;
/** The longest head: two bytes, a length of eight, a mask of four. A close code follows. */
const MAX_HEAD_BYTES = 16;

type Head = { opcode: number; length: number; headLength: number; closeCode: number | undefined };

const closeCodeIn = (bytes: Buffer, headLength: number, isMasked: boolean): number => {
  const code = bytes.readUInt16BE(headLength);
  return isMasked ? code ^ bytes.readUInt16BE(headLength - MASK_BYTES) : code;
};

const readHead = (bytes: Buffer): Head | undefined => {
  if (bytes.length < 2) return undefined;
  const opcode = (bytes[0] ?? 0) & OPCODE_BITS;
  const second = bytes[1] ?? 0;
  const isMasked = (second & MASKED) !== 0;
  const short = second & LENGTH_BITS;
  const lengthBytes = short === LENGTH_IN_8_BYTES ? 8 : short === LENGTH_IN_2_BYTES ? 2 : 0;
  const headLength = 2 + lengthBytes + (isMasked ? MASK_BYTES : 0);
  const hasCode = opcode === OPCODE.close && short >= CODE_BYTES;
  if (bytes.length < headLength + (hasCode ? CODE_BYTES : 0)) return undefined;
  const length =
    lengthBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : lengthBytes === 2 ? bytes.readUInt16BE(2) : short;
  return { opcode, length, headLength, closeCode: hasCode ? closeCodeIn(bytes, headLength, isMasked) : undefined };
};

export const createFrameReader = (): FrameReader => {
  let head: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (bytes) => {
    const frames: FrameHead[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (skip > 0) {
        const skipped = Math.min(skip, rest.length);
        skip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const before = head.length;
      head = Buffer.concat([head, rest.subarray(0, MAX_HEAD_BYTES)]);
      const found = readHead(head);
      if (!found) break;
      frames.push({ opcode: found.opcode, closeCode: found.closeCode });
      // The head of this frame may have begun in the piece before.
      rest = rest.subarray(Math.max(0, found.headLength - before));
      skip = found.length - Math.max(0, before - found.headLength);
      head = Buffer.alloc(0);
    }
    return frames;
  };
};

/** A close frame of the server, which has no mask. Without a code its payload is empty. */
export const closeFrame = (code: number | undefined): Buffer => {
  const payload = Buffer.alloc(code === undefined ? 0 : CODE_BYTES);
  if (code !== undefined) payload.writeUInt16BE(code);
  return Buffer.concat([Buffer.from([FINAL | OPCODE.close, payload.length]), payload]);
};
