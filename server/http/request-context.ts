import type { IncomingMessage } from 'node:http';

/** Subject of each authenticated request, for the request log. */
const subjects = new WeakMap<IncomingMessage, string>();

export const setSubject = (request: IncomingMessage, sub: string): void => void subjects.set(request, sub);
export const subjectOf = (request: IncomingMessage): string | null => subjects.get(request) ?? null;

/** Client address of each request that came through the reverse proxy. */
const forwardedAddresses = new WeakMap<IncomingMessage, string>();

export const setForwardedAddress = (request: IncomingMessage, address: string): void =>
  void forwardedAddresses.set(request, address);

/** Client address. For IPv6 the /64 network, because one customer has all of its addresses (RFC 6177). */
export const clientAddress = (request: IncomingMessage): string => {
  const address = (forwardedAddresses.get(request) ?? request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address.includes('.') ? address : (address.split('::')[0] ?? '').split(':').slice(0, 4).join(':');
};
