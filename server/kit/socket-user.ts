import { DEFAULT_ACCESS_SECONDS } from '../../src/protocol/timing/lifetimes.ts';
import { randomId } from '../base/crypto.ts';
import { ownerOf, type Principal } from '../http/principal.ts';

/** The user of a socket. */
export type SocketUser = {
  /** Unique among your users. Topics belong to it. */
  sub: string;
  /** Default: `sub`. */
  name?: string;
  /** Your id of the session, with which `hub.revoke` closes its sockets. Without it they live until `expiresAt`. */
  session?: string;
  /** When the socket needs another ticket (ms since the Unix epoch). Default: in five minutes. */
  expiresAt?: number;
};

/** `now`: ms since the Unix epoch. */
export const principalOf = (user: SocketUser, now: number): Principal => {
  const { sub, name, session, expiresAt } = (user as SocketUser | undefined) ?? { sub: '' };
  if (typeof sub !== 'string' || sub === '')
    throw new TypeError('The user of a socket needs a `sub`. Give tickets only to requests that are signed in.');
  return {
    owner: ownerOf(sub),
    sub,
    name: name ?? sub,
    session: session ?? randomId(),
    expiresAt: expiresAt ?? now + DEFAULT_ACCESS_SECONDS * 1000,
  };
};
