import type { Serve } from './serve.ts';

/*
 * The smallest VNC server over WebSocket (RFC 6143): no security, a screen of one pixel, and a clipboard that comes back.
 * noVNC's own counterpart, websockify, is written in Python.
 */
const VERSION = 'RFB 003.008\n';
const [SET_ENCODINGS, CLIENT_CUT_TEXT] = [2, 6];
/** Sizes of client messages without a length of their own (RFC 6143 §7.5). */
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 20],
  [3, 10],
  [4, 8],
  [5, 6],
]);

const serverInit = (): Buffer => {
  const name = Buffer.from('test');
  const init = Buffer.alloc(24);
  init.writeUInt16BE(1, 0);
  init.writeUInt16BE(1, 2);
  // 32 bits a pixel, depth 24, little endian, true colour, 8 bits a colour.
  Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(init, 4);
  init.writeUInt32BE(name.length, 20);
  return Buffer.concat([init, name]);
};

const cutText = (text: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head[0] = 3;
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, text]);
};

export const serveVnc: Serve = (ws) => {
  let buffered: Buffer = Buffer.alloc(0);
  let stage: 'version' | 'security' | 'init' | 'running' = 'version';
  const take = (size: number): Buffer | undefined => {
    if (buffered.length < size) return undefined;
    const taken = buffered.subarray(0, size);
    buffered = buffered.subarray(size);
    return taken;
  };

  /** Returns whether a whole message was there. */
  const step = (): boolean => {
    if (stage === 'version') {
      if (!take(VERSION.length)) return false;
      ws.send(Buffer.from([1, 1]));
      stage = 'security';
    } else if (stage === 'security') {
      if (!take(1)) return false;
      ws.send(Buffer.alloc(4));
      stage = 'init';
    } else if (stage === 'init') {
      if (!take(1)) return false;
      ws.send(serverInit());
      stage = 'running';
    } else return message();
    return true;
  };

  const message = (): boolean => {
    const [kind] = buffered;
    if (kind === SET_ENCODINGS) return buffered.length >= 4 && take(4 + 4 * buffered.readUInt16BE(2)) !== undefined;
    if (kind !== CLIENT_CUT_TEXT) return take(SIZES.get(kind ?? -1) ?? Infinity) !== undefined;
    if (buffered.length < 8) return false;
    const taken = take(8 + buffered.readUInt32BE(4));
    if (taken) ws.send(cutText(taken.subarray(8)));
    return taken !== undefined;
  };

  ws.send(Buffer.from(VERSION));
  ws.on('message', (data: Buffer) => {
    buffered = Buffer.concat([buffered, data]);
    while (step());
  });
};
