import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Whether an address belongs to a reverse proxy of this deployment. */
export type TrustedProxies = (address: string) => boolean;

/** A proxy on this machine: what `docs/how-to/run-behind-a-proxy.md` sets up. */
export const LOOPBACK_PROXIES = ['127.0.0.0/8', '::1'];

const FAMILY = { 4: 'ipv4', 6: 'ipv6' } as const;

/** `undefined` for text that is no address. */
const familyOf = (address: string): 'ipv4' | 'ipv6' | undefined => {
  const version = isIP(address);
  return version === 4 || version === 6 ? FAMILY[version] : undefined;
};

/** Throws a `RangeError` for an entry that is neither an address nor a network in CIDR notation (RFC 4632). */
export const createTrustedProxies = (networks: readonly string[]): TrustedProxies => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix, ...rest] = network.trim().split('/');
    const family = familyOf(address);
    if (family === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefix ?? '0'))
      throw new RangeError(`"${network}" is neither an address nor a network such as 10.0.0.0/8.`);
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== undefined && list.check(address, family);
  };
};

const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const withoutPort = (hop: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;

/**
 * The address of the client. Each proxy appends the address of its own client to `X-Forwarded-For`, and a client may send
 * the header itself: the last address that is not one of a trusted proxy is true, and all before it may be invented.
 */
export const forwardedAddress = (request: IncomingMessage, isTrusted: TrustedProxies): string => {
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  let address = withoutMapping(request.socket.remoteAddress ?? '');
  for (const hop of hops.toReversed()) {
    const next = withoutMapping(withoutPort(hop.trim()));
    if (!isTrusted(address) || isIP(next) === 0) break;
    address = next;
  }
  return address;
};
