import { crc32 } from 'node:zlib';

/** A still PNG, and how long (ms) it is shown. */
export type AnimationFrame = { png: Buffer; ms: number };

type Chunk = { type: string; data: Buffer };

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Length, type and checksum of a chunk take four bytes each. */
const WORD = 4;
const FRAME_CONTROL_BYTES = 26;
/** `delay_den` of a frame: the delay is in thousandths of a second. */
const MS_PER_SECOND = 1_000;

const chunksOf = (png: Buffer): readonly Chunk[] => {
  if (!png.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw new Error('A frame is not a PNG.');
  const chunks: Chunk[] = [];
  for (let start = SIGNATURE.length; start < png.length;) {
    const from = start + 2 * WORD;
    const to = from + png.readUInt32BE(start);
    chunks.push({ type: png.toString('latin1', start + WORD, from), data: png.subarray(from, to) });
    start = to + WORD;
  }
  return chunks;
};

const encoded = ({ type, data }: Chunk): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 2 * WORD);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, WORD);
  out.writeUInt32BE(crc32(body), body.length + WORD);
  return out;
};

const words = (...values: readonly number[]): Buffer => {
  const data = Buffer.alloc(values.length * WORD);
  for (const [index, value] of values.entries()) data.writeUInt32BE(value, index * WORD);
  return data;
};

const frameControl = (sequence: number, header: Buffer, ms: number): Chunk => {
  const data = Buffer.alloc(FRAME_CONTROL_BYTES);
  data.writeUInt32BE(sequence, 0);
  // Width and height come first in a PNG's header too. The frame is as large as the picture, so its offsets stay 0.
  header.copy(data, WORD, 0, 2 * WORD);
  data.writeUInt16BE(ms, 5 * WORD);
  data.writeUInt16BE(MS_PER_SECOND, 5 * WORD + 2);
  return { type: 'fcTL', data };
};

/**
 * Makes one animated PNG of still ones (https://www.w3.org/TR/png-3/#apng-frame-based-animation). It shows each frame
 * for its time and then starts again. All frames need the same size and colour type.
 *
 * @throws if there is no frame, if a frame is no PNG, or if the frames differ in size or colour type.
 */
export const animatedPng = (frames: readonly AnimationFrame[]): Buffer => {
  const stills = frames.map(({ png, ms }) => {
    const chunks = chunksOf(png);
    return {
      ms,
      header: chunks.find(({ type }) => type === 'IHDR')?.data ?? Buffer.alloc(0),
      image: Buffer.concat(chunks.flatMap(({ type, data }) => (type === 'IDAT' ? [data] : []))),
    };
  });
  const [first] = stills;
  if (!first) throw new Error('An animation needs a frame, and there is none.');
  if (!stills.every(({ header }) => header.equals(first.header)))
    throw new Error('All frames need the same size and colour type.');
  let sequence = 0;
  const pictures = stills.flatMap(({ header, image, ms }, index): Chunk[] => {
    const control = frameControl(sequence++, header, ms);
    if (index === 0) return [control, { type: 'IDAT', data: image }];
    return [control, { type: 'fdAT', data: Buffer.concat([words(sequence++), image]) }];
  });
  const endlessly = 0;
  const chunks: readonly Chunk[] = [
    { type: 'IHDR', data: first.header },
    { type: 'acTL', data: words(stills.length, endlessly) },
    ...pictures,
    { type: 'IEND', data: Buffer.alloc(0) },
  ];
  return Buffer.concat([SIGNATURE, ...chunks.map(encoded)]);
};
