import { isIP } from 'node:net';
import { hostnameOf, isLoopbackHost } from './cookie.ts';

/**
 * The names under which clients may call the server. Each other name is refused, as a protection against DNS rebinding: a
 * site whose name leads to this address would otherwise be same-origin with it.
 */
export type HostNames = {
  accepts(host: string | undefined): boolean;
  /** For people: what a request must name, and how to add a name. */
  readonly expected: string;
};

export const LOOPBACK_ADDRESSES: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);
export const ANY_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

const isAddress = (host: string | undefined): boolean => isIP(hostnameOf(host).replace(/^\[|\]$/g, '')) !== 0;

/** `listening`: the address or name on which the server listens. */
export const createHostNames = (listening: string, publicOrigin: string | undefined): HostNames => {
  const publicHost = publicOrigin === undefined ? undefined : new URL(publicOrigin).host;
  const isAny = ANY_ADDRESSES.has(listening);
  const named =
    isAny || LOOPBACK_ADDRESSES.has(listening)
      ? undefined
      : hostnameOf(listening.includes(':') ? `[${listening}]` : listening);
  const expected = [
    ...(publicHost === undefined ? [] : [publicHost]),
    'localhost',
    '127.0.0.1',
    ...(named === undefined ? [] : [named]),
    ...(isAny ? ['any IP address'] : []),
  ].join(', ');
  const isOwn = (host: string | undefined): boolean =>
    (publicHost !== undefined && host === publicHost) ||
    isLoopbackHost(host) ||
    (named !== undefined && hostnameOf(host) === named) ||
    // The name of a rebinding site is no address.
    (isAny && isAddress(host));
  /** Almost all requests name the host of the one before. */
  let last: string | undefined;
  return {
    accepts(host) {
      if (host !== undefined && host === last) return true;
      const isAccepted = isOwn(host);
      if (isAccepted) last = host;
      return isAccepted;
    },
    expected: `This server answers to ${expected}. For another name, start it with PUBLIC_ORIGIN and PUBLIC_ISSUER.`,
  };
};
