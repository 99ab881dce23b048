import { isObject } from './json.ts';
import { unknown, type Infer, type Optional, type Schema } from './schema.ts';

type With<S> = { readonly of: S };
type Read<T> = Schema<T>['read'];

/** One of these values. */
/* @__NO_SIDE_EFFECTS__ */
export const oneOf = <const T extends readonly (string | number | boolean)[]>(
  ...values: T
): Schema<T[number]> & { readonly values: T } => ({
  type: 'enum',
  values,
  read: (value) => values.find((each) => each === value),
});

export const boolean: Schema<boolean> = oneOf(true, false);

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** A whole number of at least 0. */
export const count: Schema<number> = { type: 'count', read: (value) => (isCount(value) ? value : undefined) };

/** A number between `min` and `max`, inclusive. */
/* @__NO_SIDE_EFFECTS__ */
export const numberIn = (
  min: number,
  max: number,
): Schema<number> & { readonly min: number; readonly max: number } => ({
  type: 'number',
  min,
  max,
  read: (value) => (typeof value === 'number' && value >= min && value <= max ? value : undefined),
});

/** A string of `min` to `max` UTF-16 units. */
/* @__NO_SIDE_EFFECTS__ */
export const stringIn = (
  min: number,
  max: number,
): Schema<string> & { readonly min: number; readonly max: number } => ({
  type: 'string',
  min,
  max,
  read: (value) => (typeof value === 'string' && value.length >= min && value.length <= max ? value : undefined),
});

/** As `stringIn`, without half of a surrogate pair: UTF-8 cannot represent that (RFC 3629 §3). */
/* @__NO_SIDE_EFFECTS__ */
export const textIn = (min: number, max: number): Schema<string> & { readonly min: number; readonly max: number } => {
  const { read } = stringIn(min, max);
  return { type: 'text', min, max, read: (value) => (hasLoneSurrogate(value) ? undefined : read(value)) };
};

/** In `u` mode a surrogate pair is one character, so only a lone half matches. */
export const hasLoneSurrogate = (value: unknown): boolean => typeof value === 'string' && /\p{Surrogate}/u.test(value);

/** What one WebSocket message carries. */
export const data: Schema<string | ArrayBuffer> = {
  type: 'data',
  read: (value) => (typeof value === 'string' || value instanceof ArrayBuffer ? value : undefined),
};

/** An object of a class that the browser defines. */
/* @__NO_SIDE_EFFECTS__ */
export const instanceOf = <T>(of: new (...given: never[]) => object): Schema<T> => ({
  type: of.name,
  read: (value) => (value instanceof of ? (value as T) : undefined),
});

/** May be absent. A wrong value counts as an absent one. */
/* @__NO_SIDE_EFFECTS__ */
export const optional = <S extends Schema>(of: S): Schema<Infer<S> | undefined> & Optional & With<S> => ({
  type: 'optional',
  of,
  absent: true,
  read: of.read as Read<Infer<S>>,
});

/** `value` takes the place of what is absent or wrong. */
/* @__NO_SIDE_EFFECTS__ */
export const withDefault = <S extends Schema, const V>(
  of: S,
  value: V,
): Schema<Infer<S> | V> & With<S> & { readonly value: V } => ({
  type: 'default',
  of,
  value,
  read: (given) => (of.read(given) as Infer<S> | undefined) ?? value,
});

/** `value` takes the place of what is absent. What is wrong stays wrong. */
/* @__NO_SIDE_EFFECTS__ */
export const ifAbsent = <S extends Schema, const V>(
  of: S,
  value: V,
): Schema<Infer<S> | V> & With<S> & { readonly value: V } => ({
  type: 'if-absent',
  of,
  value,
  read: (given) => (given === undefined ? value : (of.read(given) as Infer<S> | undefined)),
});

/** A value of the first of these schemas that it fits. */
/* @__NO_SIDE_EFFECTS__ */
export const either = <const T extends readonly Schema[]>(
  ...options: T
): Schema<Infer<T[number]>> & { readonly options: T } => ({
  type: 'either',
  options,
  read(value) {
    for (const { read } of options) {
      const found = read(value);
      if (found !== undefined) return found as Infer<T[number]>;
    }
    return undefined;
  },
});

/* @__NO_SIDE_EFFECTS__ */
export const nullable = <S extends Schema>(of: S): Schema<Infer<S> | null> & With<S> => ({
  type: 'nullable',
  of,
  read: (value) => (value === null ? null : (of.read(value) as Infer<S> | undefined)),
});

/** By index, as a page can send an array with holes. */
const readItems = (value: readonly unknown[], length: number, schemaAt: (index: number) => Schema): unknown => {
  const out: unknown[] = [];
  for (let index = 0; index < length; index += 1) {
    const { read, absent } = schemaAt(index);
    const found = read(value[index]);
    if (found === undefined && !absent) return undefined;
    out.push(found);
  }
  return out;
};

type Items<S> = readonly Infer<S>[];

/* @__NO_SIDE_EFFECTS__ */
export const array = <S extends Schema>(
  of: S,
  max = Infinity,
): Schema<Items<S>> & With<S> & { readonly max: number } => {
  const read = (value: unknown): unknown =>
    Array.isArray(value) && value.length <= max ? readItems(value, value.length, () => of) : undefined;
  return { type: 'array', of, max, read: read as Read<Items<S>> };
};

/** An array, without the items that do not fit. */
/* @__NO_SIDE_EFFECTS__ */
export const list = <S extends Schema>(of: S): Schema<Items<S>> & With<S> => {
  const read = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(of.read).filter((item) => item !== undefined) : undefined;
  return { type: 'list', of, read: read as Read<Items<S>> };
};

type TupleOf<T extends readonly Schema[]> = T extends readonly [infer First, ...infer Rest extends readonly Schema[]]
  ? First extends Optional
    ? readonly [Infer<First>?, ...TupleOf<Rest>]
    : readonly [Infer<First>, ...TupleOf<Rest>]
  : readonly [];

/** An array with a schema for each place. Further items are dropped. */
/* @__NO_SIDE_EFFECTS__ */
export const tuple = <const T extends readonly Schema[]>(...items: T): Schema<TupleOf<T>> & { readonly items: T } => {
  const read = (value: unknown): unknown =>
    Array.isArray(value) ? readItems(value, items.length, (index) => items[index] ?? unknown) : undefined;
  return { type: 'tuple', items, read: read as Read<TupleOf<T>> };
};

type RecordOf<S> = { readonly [name: string]: Infer<S> };

/** Values of one schema, under any names. */
/* @__NO_SIDE_EFFECTS__ */
export const record = <S extends Schema>(of: S): Schema<RecordOf<S>> & With<S> => {
  const read = (value: unknown): unknown => {
    if (!isObject(value)) return undefined;
    const entries = Object.entries(value).map(([name, each]) => [name, of.read(each)] as const);
    return entries.some(([, each]) => each === undefined) ? undefined : Object.fromEntries(entries);
  };
  return { type: 'record', of, read: read as Read<RecordOf<S>> };
};
