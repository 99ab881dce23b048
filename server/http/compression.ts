import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Content codings that this server supports (RFC 9110 §8.4.1), the smaller first. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

/** Suffix of a file that the build compressed with this coding. */
export const SUFFIX: Readonly<Record<Coding, string>> = { br: '.br', gzip: '.gz' };

type Weights = ReadonlyMap<string, number>;

const weightsOf = (accepted: string): Weights =>
  new Map(
    accepted.split(',').map((part): [string, number] => {
      const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight) || 0];
    }),
  );

/** Codings that a client accepts by its `Accept-Encoding`, the preferred one first (RFC 9110 §12.5.3). */
export const codingsFor = (accepted = ''): readonly Coding[] => {
  const weights = weightsOf(accepted);
  const weight = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const plain = weights.get('identity') ?? 0;
  return CODINGS.filter((coding) => weight(coding) > 0 && weight(coding) >= plain).toSorted(
    (a, b) => weight(b) - weight(a),
  );
};

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

/** Of 11. A higher quality takes more time for one response than its smaller size saves. */
const QUALITY = 5;

/** Compresses a response that the build cannot compress, because it differs for each installation. */
export const encode = (text: string, coding: Coding): Promise<Buffer> =>
  coding === 'br' ? brotli(text, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }) : deflate(text);
