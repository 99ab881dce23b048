import { isObject, own } from './json.ts';
import type { Schema } from './schema.ts';

/** The parts of a schema that say what it expects. */
export type Shape = Schema & {
  readonly fields?: { readonly [name: string]: Schema };
  readonly of?: Schema;
  readonly values?: readonly unknown[];
};

const expected = ({ type, values }: Shape): string => {
  if (values) return `one of ${values.map((each) => JSON.stringify(each)).join(', ')}`;
  if (type === 'array') return 'an array';
  return type === 'object' || type === 'loose' ? 'an object' : `a ${type}`;
};

const found = (value: unknown): string => (value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value));

/**
 * The first part of a value that does not fit a schema, as a sentence for developers: the field, what was found and what
 * was expected. `undefined`: all of it fits, or an optional part does not.
 */
export const misfitOf = (schema: Schema, value: unknown, name: string): string | undefined => {
  const shape = schema as Shape;
  if (shape.absent || shape.read(value) !== undefined) return undefined;
  const { fields, of } = shape;
  if (fields && isObject(value)) {
    for (const [key, field] of Object.entries(fields)) {
      const misfit = misfitOf(field, own(value, key), `${name}.${key}`);
      if (misfit) return misfit;
    }
  }
  if (of && Array.isArray(value)) {
    const misfit = value.map((each, at) => misfitOf(of, each, `${name}[${at}]`)).find((each) => each !== undefined);
    if (misfit) return misfit;
  }
  return `${name} is ${found(value)}, and should be ${expected(shape)}.`;
};
