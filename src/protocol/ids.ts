/** This layer has neither the DOM's types nor Node's. Both have this function. */
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };

/**
 * 128 random bits, in hex. `crypto.randomUUID` exists in secure contexts only, and the host may run in a page of plain
 * HTTP. Code of Node uses `crypto.randomUUID`.
 */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
