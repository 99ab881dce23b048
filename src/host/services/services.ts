import type { SignInKind } from '../../protocol/snapshot.ts';
import type { Session } from '../../core/session/session-types.ts';
import { createDisk } from '../storage/database.ts';
import { createDpopKeys } from '../auth/dpop-keys.ts';
import { createEndSession } from '../auth/end-session.ts';
import type { Grants } from '../auth/sign-in-method.ts';
import type { Noted } from '../auth/http.ts';
import { createJournal } from '../storage/journal.ts';
import { createOidc } from '../auth/oidc.ts';
import { createPassword } from '../auth/password-method.ts';
import { createRevocations } from '../session/revocations.ts';
import { createSealer } from '../storage/encryption.ts';
import { createSessionStore } from '../storage/session-store.ts';
import { createSignInsUnderWay } from '../auth/pending-sign-ins.ts';
import { createTicketKind } from '../auth/cookie-method.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { HostOptions } from './host-types.ts';

/**
 * Whether to end it would end the session after it: a cookie is one for all, and a provider may have one grant for a
 * person and a client, which the revocation of any of its refresh tokens takes away (RFC 7009 §2.1).
 */
const isReplaced = (session: Session, by: Session | undefined, grantPerSignIn: boolean | undefined): boolean =>
  session.kind === by?.kind &&
  (session.kind === 'ticket' || (session.kind === 'oidc' && !grantPerSignIn && session.user?.sub === by.user?.sub));

type PartsOptions = {
  current(): Session | undefined;
  /** Whether a person has signed out here, and nobody has signed in since. */
  hasLeft(): boolean;
  onErased(): void;
};

/** Everything that touches the disk or the token endpoints, made for one deployment. */
export const createParts = (
  { config, origin, seal }: HostOptions,
  clock: Clock,
  random: Random,
  worker: string,
  { current, hasLeft, onErased }: PartsOptions,
) => {
  const { oidc, password, ticket } = config.signIn;
  const disk = createDisk(() => void rewrite());
  // Sealed records open for this origin, this provider and this client only.
  const sealer = createSealer(disk, [origin, oidc?.issuer, oidc?.clientId].join(' '), seal);
  const keys = createDpopKeys(disk, sealer, clock.now);
  const underWay = createSignInsUnderWay(disk, sealer, clock.now);
  const kinds = {
    oidc: oidc && createOidc({ config: oidc, origin, keys, underWay, hasLeft, now: clock.now }),
    password: password && createPassword(password, origin, clock.now),
    ticket: ticket && createTicketKind(ticket, origin, clock.now),
  };
  /** Keys first: the session is of no use without them. */
  const rewrite = async (): Promise<void> => {
    await Promise.allSettled([sealer.rewrite(), keys.rewrite()]);
    onErased();
  };
  const grants: Partial<Record<SignInKind, Grants>> = {};
  for (const kind of ['oidc', 'password', 'ticket'] as const) if (kinds[kind]) grants[kind] = kinds[kind];
  const revoke = async (session: Session): Promise<Noted> => {
    if (isReplaced(session, current(), oidc?.grantPerSignIn)) return true;
    return (await grants[session.kind]?.revoke(session)) ?? true;
  };
  const endSession = createEndSession(disk, sealer);
  const revocations = createRevocations(disk, sealer, clock, random, revoke);
  return {
    disk,
    endSession,
    keys,
    kinds,
    grants,
    store: createSessionStore(disk, sealer),
    revocations: {
      ...revocations,
      add(session: Session): Promise<void> {
        if (hasLeft()) endSession.keep(session.tokens.endSession);
        return revocations.add(session);
      },
    },
    journal: createJournal(disk, clock, worker),
    /** Drops what is left of somebody who was here before, and the DPoP keys that neither this session nor a sign-in under way is bound to. */
    async tidy(session: Session | undefined): Promise<void> {
      if (session) await endSession.take();
      const needed = new Set(await underWay.keys());
      if (session?.tokens.key !== undefined) needed.add(session.tokens.key);
      await keys.keepOnly(needed);
    },
  };
};

export type Parts = ReturnType<typeof createParts>;
