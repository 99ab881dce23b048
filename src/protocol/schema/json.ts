/** A JSON object with unchecked values. */
export type JsonObject = { readonly [key: string]: unknown };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads own properties only: a polluted prototype must not add fields to what another side sent. */
export const own = (value: JsonObject, key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined);

export const stringAt = (value: JsonObject, key: string): string | undefined => {
  const found = own(value, key);
  return typeof found === 'string' ? found : undefined;
};

export const numberAt = (value: JsonObject, key: string): number | undefined => {
  const found = own(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
};

/** `undefined` if the text is not JSON. Never throws. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
