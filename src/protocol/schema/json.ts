/** A JSON object whose values nobody has looked at yet. */
export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An own property, so that a prototype (polluted or not) never answers for the sender. */
export const own = (value: JsonObject, key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined);

export const stringAt = (value: JsonObject, key: string): string | undefined => {
  const found = own(value, key);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: JsonObject, key: string): number | undefined => {
  const found = own(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
};

/** `undefined` for anything that is not JSON; never throws. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
