import { isObject, own } from './json.ts';

/*
 * Schemas of the messages that cross a boundary. A page's first load needs only these, and a module goes into one bundle
 * as a whole, so all others are in schema-types.ts.
 */

/**
 * The shape of a message: `Infer` gives its TypeScript type, `read` parses unknown values, and the rest is data that
 * test/protocol/wire.test.ts hashes. So the three cannot drift apart.
 */
export type Schema<T = unknown> = {
  readonly type: string;
  /** The value, without what the schema does not name; `undefined` if it does not fit. */
  readonly read: (value: unknown) => T | undefined;
  /** `undefined` fits too, so a field may be absent. */
  readonly absent?: true;
  readonly [TYPE]?: T;
};

/** Exists for the compiler only: `T` itself, where `read` would add `undefined` to it. */
declare const TYPE: unique symbol;

/** The TypeScript type that a schema describes. */
export type Infer<S> = S extends { readonly [TYPE]?: infer T } ? T : never;

export type Fields = { readonly [name: string]: Schema };

/** What `optional` makes: the field is optional in the object's type, too. */
export type Optional = { readonly type: 'optional'; readonly absent: true };

type Simplify<T> = { [K in keyof T]: T[K] };
/** The keys stay those of `F`, so that an editor shows each field's comment. */
type ObjectOf<F extends Fields> = Simplify<
  { [K in keyof F as F[K] extends Optional ? never : K]: Infer<F[K]> } & {
    [K in keyof F as F[K] extends Optional ? K : never]?: Infer<F[K]>;
  }
>;
type UnionOf<K extends string, V extends { readonly [tag: string]: Fields }> = {
  [T in keyof V]: Simplify<{ [_ in K]: T } & ObjectOf<V[T]>>;
}[keyof V];

export const unknown: Schema = { type: 'unknown', read: (value) => value, absent: true };

export const string: Schema<string> = {
  type: 'string',
  read: (value) => (typeof value === 'string' ? value : undefined),
};

/** Finite. */
export const number: Schema<number> = {
  type: 'number',
  read: (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined),
};

/** Reads own properties only: a polluted prototype must not add fields to what another side sent. */
const readFields = (fields: readonly (readonly [name: string, schema: Schema])[], value: unknown): unknown => {
  if (!isObject(value)) return undefined;
  const out: { [name: string]: unknown } = {};
  for (const [name, { read, absent }] of fields) {
    const found = read(own(value, name));
    if (found === undefined && !absent) return undefined;
    out[name] = found;
  }
  return out;
};

/** An object with these fields. Other fields are dropped. */
/* @__NO_SIDE_EFFECTS__ */
export const object = <F extends Fields>(fields: F): Schema<ObjectOf<F>> & { readonly fields: F } => {
  const entries = Object.entries(fields);
  return { type: 'object', fields, read: (value) => readFields(entries, value) as ObjectOf<F> | undefined };
};

/** An object with at least these fields, which stays as it is. Nothing checks the other fields of `T`. */
/* @__NO_SIDE_EFFECTS__ */
export const looseObject = <T>(fields: Fields): Schema<T> & { readonly fields: Fields } => {
  const { read } = object(fields);
  return { type: 'loose', fields, read: (value) => (read(value) ? (value as T) : undefined) };
};

/** Objects whose field `key` says which other fields they have. */
/* @__NO_SIDE_EFFECTS__ */
export const union = <K extends string, V extends { readonly [tag: string]: Fields }>(
  key: K,
  variants: V,
): Schema<UnionOf<K, V>> & { readonly key: K; readonly variants: V } => {
  const schemas = new Map<unknown, Schema>(
    Object.entries(variants).map(([tag, fields]) => [tag, object({ [key]: unknown, ...fields })]),
  );
  const read = (value: unknown): unknown => (isObject(value) ? schemas.get(own(value, key))?.read(value) : undefined);
  return { type: 'union', key, variants, read: read as Schema<UnionOf<K, V>>['read'] };
};
