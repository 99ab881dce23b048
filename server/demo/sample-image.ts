import { crc32, deflateSync } from 'node:zlib';

const WIDTH = 320;
const HEIGHT = 180;
const BYTES_PER_PIXEL = 3;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const BIT_DEPTH = 8;
const COLOUR_TRUECOLOUR = 2;

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
};

const pixels = (): Buffer => {
  const stride = WIDTH * BYTES_PER_PIXEL + 1;
  const rows = Buffer.alloc(stride * HEIGHT);
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const offset = y * stride + 1 + x * BYTES_PER_PIXEL;
      rows[offset] = Math.round((40 * x) / WIDTH);
      rows[offset + 1] = Math.round(80 + (120 * y) / HEIGHT);
      rows[offset + 2] = Math.round(150 + (100 * x) / WIDTH);
    }
  }
  return rows;
};

/** A colour gradient as a PNG (W3C PNG, third edition: IHDR, IDAT, IEND). */
export const samplePng = (): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header[8] = BIT_DEPTH;
  header[9] = COLOUR_TRUECOLOUR;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels())),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
