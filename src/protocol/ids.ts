/** This layer has neither the DOM's types nor Node's. Both have this function. */
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };

/**
 * 128 random bits, in hex, for a page. `crypto.randomUUID` exists in secure contexts only, and a page without a worker
 * is often one that is served over plain HTTP. Code that runs in a worker or in Node uses `crypto.randomUUID`.
 */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
