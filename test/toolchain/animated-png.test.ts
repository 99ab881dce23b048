import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { animatedPng } from '../../scripts/docs/animated-png.ts';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
};

/** A grey PNG of one row, whose image data stands in two chunks. */
const still = (...pixels: number[]): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels.length, 0);
  header.writeUInt32BE(1, 4);
  header[8] = 8;
  const image = deflateSync(Buffer.from([0, ...pixels]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', image.subarray(0, 3)),
    chunk('IDAT', image.subarray(3)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
};

const chunksOf = (png: Buffer): { type: string; data: Buffer }[] => {
  const found = [];
  for (let at = 8; at < png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    expect(png.readUInt32BE(end)).toBe(crc32(png.subarray(at + 4, end)));
    found.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, end) });
    at = end + 4;
  }
  return found;
};

test('turns still pictures into frames with their times', () => {
  const chunks = chunksOf(
    animatedPng([
      { png: still(1, 2), ms: 900 },
      { png: still(3, 4), ms: 2_000 },
    ]),
  );
  expect(chunks.map(({ type }) => type)).toEqual(['IHDR', 'acTL', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'IEND']);
  const [, count, first, image, second, data] = chunks.map(({ data: bytes }) => bytes);
  expect(count?.readUInt32BE(0)).toBe(2);
  expect([first, second].map((control) => control?.readUInt32BE(0))).toEqual([0, 1]);
  expect([first, second].map((control) => control?.readUInt16BE(20))).toEqual([900, 2_000]);
  expect([...inflateSync(image ?? '')]).toEqual([0, 1, 2]);
  expect(data?.readUInt32BE(0)).toBe(2);
  expect([...inflateSync(data?.subarray(4) ?? '')]).toEqual([0, 3, 4]);
});

test('rejects frames of different sizes, a frame that is no PNG, and no frame at all', () => {
  const frame = (png: Buffer) => ({ png, ms: 1 });
  expect(() => animatedPng([frame(still(1)), frame(still(1, 2))])).toThrow('same size');
  expect(() => animatedPng([frame(Buffer.from('GIF89a..'))])).toThrow('not a PNG');
  expect(() => animatedPng([])).toThrow('needs a frame');
});
