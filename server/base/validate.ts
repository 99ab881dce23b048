import { isObject, own } from '../../src/protocol/schema/json.ts';

/** Parses unknown data; returns `undefined` for invalid data. */
export type Parser<T> = (value: unknown) => T | undefined;

type Fields = { readonly [name: string]: Parser<unknown> };
type Parsed<F extends Fields> = { [K in keyof F]: F[K] extends Parser<infer T> ? T : never };

export const text: Parser<string> = (value) => (typeof value === 'string' ? value : undefined);
export const number: Parser<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
export const boolean: Parser<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);
/** An integer of at least 0. */
export const count: Parser<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Parser<T> =>
  (value) =>
    allowed.find((candidate) => candidate === value);

/** An object with these own fields. It drops other fields, and optional fields that are invalid. */
export function shape<R extends Fields>(required: R): Parser<Parsed<R>>;
export function shape<R extends Fields, O extends Fields>(
  required: R,
  optional: O,
): Parser<Parsed<R> & Partial<Parsed<O>>>;
export function shape(required: Fields, optional: Fields = {}): Parser<unknown> {
  return (value) => {
    if (!isObject(value)) return undefined;
    const out: { [name: string]: unknown } = {};
    for (const [name, parse] of Object.entries(required)) {
      const field = parse(own(value, name));
      if (field === undefined) return undefined;
      out[name] = field;
    }
    for (const [name, parse] of Object.entries(optional)) {
      const field = parse(own(value, name));
      if (field !== undefined) out[name] = field;
    }
    return out;
  };
}
