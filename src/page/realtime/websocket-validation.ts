/** What can be put on a wire as it is. */
export type Payload = string | ArrayBuffer;

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of them the code. */
const MAX_REASON_BYTES = 123;

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

const syntaxError = (detail: string) => new DOMException(detail, 'SyntaxError');
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** The address as the wire has it: `http` becomes `ws`, and a relative one is completed. */
export const webSocketUrl = (url: string | URL, base: string): URL => {
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    throw syntaxError(`Invalid URL: ${String(url)}`);
  }
  parsed.protocol = parsed.protocol.replace('http', 'ws');
  if (!/^wss?:$/.test(parsed.protocol) || parsed.href.includes('#')) throw syntaxError(`Invalid URL: ${parsed.href}`);
  return parsed;
};

/**
 * How a configuration names it: an address of the page's own origin by its path (config.ts). An address with credentials or
 * with TLS on a page without it is another one. A page with TLS may name its own host with `ws:`, as browsers upgrade that
 * (https://w3c.github.io/webappsec-upgrade-insecure-requests/).
 */
export const socketName = (url: URL, page: { host: string; protocol: string }): string => {
  const isOwn = url.host === page.host && url.username === '' && url.password === '';
  return isOwn && !(url.protocol === 'wss:' && page.protocol === 'http:') ? url.pathname + url.search : url.href;
};

/** WebIDL's `USVString`: lone surrogates are replaced, and a symbol is none (a TypeError). */
export const toUSVString = (value: unknown): string => ''.concat(value as string).replace(/\p{Surrogate}/gu, '\ufffd');

/** WebIDL's `[Clamp] unsigned short`; the mean of two goes to the even one. */
export const toClampedUint16 = (value: unknown): number => {
  const number = Math.min(65_535, Math.max(0, Number(value) || 0));
  const floor = Math.floor(number);
  return number - floor === 0.5 ? floor + (floor % 2) : Math.round(number);
};

export const checkProtocols = (protocols: unknown): readonly string[] => {
  const isList = typeof protocols === 'object' && protocols !== null && Symbol.iterator in protocols;
  const list = isList ? Array.from(protocols as Iterable<unknown>, String) : [String(protocols)];
  if (new Set(list).size < list.length || !list.every((name) => TOKEN.test(name)))
    throw syntaxError('Invalid subprotocols');
  return list;
};

export const checkClose = (code: number | undefined, reason: string): void => {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
    throw new DOMException(`Invalid close code: ${code}`, 'InvalidAccessError');
  }
  if (bytesOf(reason) > MAX_REASON_BYTES) throw syntaxError('The close reason is too long');
};

/** A copy: the caller may go on to write into its buffer. Anything else is sent as text, as WebIDL has it. */
export const payloadOf = (data: unknown): Payload => {
  if (data instanceof ArrayBuffer) return data.slice(0);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
  return toUSVString(data);
};

export const sizeOf = (data: Payload | Blob): number =>
  typeof data === 'string' ? bytesOf(data) : data instanceof Blob ? data.size : data.byteLength;
