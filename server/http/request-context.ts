import type { IncomingMessage } from 'node:http';

/** Who a request turned out to be from, for the request log. */
const subs = new WeakMap<IncomingMessage, string>();

export const setSubject = (request: IncomingMessage, sub: string): void => void subs.set(request, sub);
export const subjectOf = (request: IncomingMessage): string | null => subs.get(request) ?? null;

/** Where a request came from, as the proxy in front says that this server stands behind. */
const forwarded = new WeakMap<IncomingMessage, string>();

export const setForwardedAddress = (request: IncomingMessage): void => {
  // Each proxy adds whom it was asked by; only the last word is that of our own.
  const hops = String(request.headers['x-forwarded-for'] ?? '').split(',');
  const last = hops.at(-1)?.trim();
  if (last) forwarded.set(request, last);
};

/** The address of whoever asks. Of IPv6 the network: one customer has all of its addresses (RFC 6177). */
export const clientAddress = (request: IncomingMessage): string => {
  const address = (forwarded.get(request) ?? request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address.includes('.') ? address : (address.split('::')[0] ?? '').split(':').slice(0, 4).join(':');
};
