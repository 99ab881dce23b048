/** WAVE, 8 bits per sample, mono: every browser plays it, and it is long enough to test seeking. */
const SAMPLES_PER_SECOND = 8_000;
const SECONDS = 600;
const HERTZ = 220;
const HEADER_BYTES = 44;
const PCM = 1;
const SILENCE = 128;
const LOUDNESS = 20;

const header = (samples: number): Buffer => {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(HEADER_BYTES - 8 + samples, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(PCM, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  bytes.writeUInt32LE(SAMPLES_PER_SECOND, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples, 40);
  return bytes;
};

/** Ten minutes of a quiet tone, 4.8 MB. */
export const sampleWav = (): Buffer<ArrayBuffer> => {
  const samples = SAMPLES_PER_SECOND * SECONDS;
  const bytes = Buffer.alloc(HEADER_BYTES + samples);
  header(samples).copy(bytes);
  for (let n = 0; n < samples; n += 1)
    bytes[HEADER_BYTES + n] = SILENCE + LOUDNESS * Math.sin((2 * Math.PI * HERTZ * n) / SAMPLES_PER_SECOND);
  return bytes;
};
