import type { IncomingMessage } from 'node:http';

/** Subject of each authenticated request, for the request log. */
const subjects = new WeakMap<IncomingMessage, string>();

export const setSubject = (request: IncomingMessage, sub: string): void => void subjects.set(request, sub);
export const subjectOf = (request: IncomingMessage): string | null => subjects.get(request) ?? null;

/** Id of each request, for the log. */
const requestIds = new WeakMap<IncomingMessage, string>();

export const setRequestId = (request: IncomingMessage, id: string): void => void requestIds.set(request, id);
export const requestIdOf = (request: IncomingMessage): string | undefined => requestIds.get(request);

/** Client address of each request that came through the reverse proxy. */
const forwardedAddresses = new WeakMap<IncomingMessage, string>();

export const setForwardedAddress = (request: IncomingMessage, address: string): void =>
  void forwardedAddresses.set(request, address);

/** Client address. For IPv6 the /64 network, because one customer has all of its addresses (RFC 6177). */
export const clientAddress = (request: IncomingMessage): string => {
  const address = (forwardedAddresses.get(request) ?? request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return address.includes('.') ? address : (address.split('::')[0] ?? '').split(':').slice(0, 4).join(':');
};

const LOOPBACK_PEERS = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
/** Headers with which proxies name the client (RFC 7239) or themselves (RFC 9110 §7.6.3). */
const PROXY_HEADER =
  /^(forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|x-original-.*|true-client-ip|cf-.*|fastly-.*)$/;

/**
 * Whether a proxy passed the request on. nginx adds no header by default and sends `Host: 127.0.0.1`, but it speaks
 * HTTP/1.0 to servers (before nginx 1.29.7), and no browser or HTTP library does.
 */
const isProxied = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.0' || Object.keys(headers).some((name) => PROXY_HEADER.test(name));

/** Whether a program on this machine sent the request itself. `Host` proves nothing, because a proxy may set it. */
export const isFromThisMachine = (request: IncomingMessage): boolean =>
  LOOPBACK_PEERS.has(request.socket.remoteAddress ?? '') && !isProxied(request);
