import { isObject, own } from './json.ts';
import { misfitOf, type Shape } from './misfit.ts';
import type { Schema } from './schema.ts';

/**
 * The first part that a value has and that its schema leaves out, because it does not fit: a sentence as of `misfitOf`. An
 * incomplete sign-in method is one.
 */
export const droppedOf = (schema: Schema, value: unknown, name: string): string | undefined => {
  const { type, fields, of } = schema as Shape;
  if (type === 'optional' && of)
    return value === undefined ? undefined : (misfitOf(of, value, name) ?? droppedOf(of, value, name));
  if (!fields || !isObject(value)) return undefined;
  for (const [key, field] of Object.entries(fields)) {
    const dropped = droppedOf(field, own(value, key), `${name}.${key}`);
    if (dropped) return dropped;
  }
  return undefined;
};
