import { number, shape, text } from './shape.ts';

/** Who a request or a socket acts for. */
export type Principal = {
  /** Key of everything stored for this person. Unlike `sub`, unique over identity providers. */
  owner: string;
  sub: string;
  name: string;
  /** The signed-in session behind it, so that a sign-out can reach its sockets. */
  session: string;
  /** When this authorization ends, by the server's clock (ms since the epoch). */
  expiresAt: number;
};

export const parsePrincipal = shape({ owner: text, sub: text, name: text, session: text, expiresAt: number });

/** A key of its own for each person of each provider; without a slash, so that no one's keys lie below another's. */
export const ownerOf = (sub: string, issuer?: string): string =>
  encodeURIComponent(issuer === undefined ? sub : `${issuer}#${sub}`);

/** Tells that sessions have ended, to whoever holds something open for them. */
export type SessionEnds = {
  /** The listener gets a test for what has ended. */
  listen(listener: (hasEnded: (principal: Principal) => boolean) => void): void;
  end(session: string): void;
  endAll(): void;
};

export const createSessionEnds = (): SessionEnds => {
  const listeners: ((hasEnded: (principal: Principal) => boolean) => void)[] = [];
  const tell = (hasEnded: (principal: Principal) => boolean): void =>
    listeners.forEach((listener) => listener(hasEnded));
  return {
    listen: (listener) => void listeners.push(listener),
    end: (session) => tell((principal) => principal.session === session),
    endAll: () => tell(() => true),
  };
};
