/**
 * 128 random bits, in hex. Not `crypto.randomUUID`: that exists in secure contexts only,
 * and a page without a worker is often one because it is served over plain HTTP.
 */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
