import { networkInterfaces } from 'node:os';
import { ANY_ADDRESSES, LOOPBACK_ADDRESSES } from './http/host-names.ts';

/** Origins of application and provider on this machine, without the reverse proxy. */
export type LocalOrigins = { app: string; provider: string };

type PublicNames = { publicOrigin?: string | undefined; devOrigin?: string | undefined };

const publicName = (host: string): string =>
  LOOPBACK_ADDRESSES.has(host) || ANY_ADDRESSES.has(host) ? 'localhost' : host;

/** The addresses of this machine, in the form of URLs. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
  );

/** The origins of the application's pages. The first one is its address for people. */
export const appOrigins = (host: string, port: number, { publicOrigin, devOrigin }: PublicNames): string[] => {
  if (publicOrigin !== undefined) return [publicOrigin];
  const local = ['localhost', '127.0.0.1', ...(ANY_ADDRESSES.has(host) ? ownAddresses() : [])];
  const names = publicName(host) === 'localhost' ? new Set(local) : [host];
  return [...[...names].map((name) => `http://${name}:${port}`), ...(devOrigin === undefined ? [] : [devOrigin])];
};

export const localOrigins = (host: string, app: number, provider: number | undefined): LocalOrigins => {
  const originOf = (port: number): string => `http://${publicName(host)}:${port}`;
  return { app: originOf(app), provider: originOf(provider ?? app + 1) };
};
