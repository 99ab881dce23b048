import type { SignInKind } from '../../protocol/snapshot.ts';
import type { Session } from '../../core/session/session-types.ts';
import { createDisk } from '../storage/database.ts';
import { createDpopKeys } from '../auth/dpop-keys.ts';
import { createEndSession } from '../auth/end-session.ts';
import type { SignInMethod } from '../auth/sign-in-method.ts';
import type { RevocationResult } from '../auth/http.ts';
import { createJournal } from '../storage/journal.ts';
import { createOidcMethod } from '../auth/oidc.ts';
import { createPasswordMethod } from '../auth/password-method.ts';
import { createRevocations } from '../session/revocations.ts';
import { createSealer } from '../storage/encryption.ts';
import { createSessionStore } from '../storage/session-store.ts';
import { createPendingSignIns } from '../auth/pending-sign-ins.ts';
import { createCookieMethod } from '../auth/cookie-method.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import type { HostOptions } from './host-types.ts';

/**
 * Whether to end it would end the session after it: a cookie is one for all, and a provider may have one grant for a
 * person and a client, which the revocation of any of its refresh tokens takes away (RFC 7009 §2.1).
 */
const isReplaced = (session: Session, by: Session | undefined, grantPerSignIn: boolean | undefined): boolean =>
  session.kind === by?.kind &&
  (session.kind === 'ticket' || (session.kind === 'oidc' && !grantPerSignIn && session.user?.sub === by.user?.sub));

type ServicesOptions = {
  current(): Session | undefined;
  /** Whether a person has signed out here, and nobody has signed in since. */
  hasLeft(): boolean;
  onErased(): void;
};

/** Everything that touches the disk or the token endpoints, made for one deployment. */
export const createServices = (
  { config, origin, seal }: HostOptions,
  clock: Clock,
  random: Random,
  worker: string,
  { current, hasLeft, onErased }: ServicesOptions,
) => {
  const { oidc, password, ticket } = config.signIn;
  const disk = createDisk(() => void rewrite());
  // Sealed records open for this origin, this provider and this client only.
  const sealer = createSealer(disk, [origin, oidc?.issuer, oidc?.clientId].join(' '), seal);
  const keys = createDpopKeys(disk, sealer, clock.now);
  const pendingSignIns = createPendingSignIns(disk, sealer, clock.now);
  const methods = {
    oidc: oidc && createOidcMethod({ config: oidc, origin, keys, pendingSignIns, hasLeft, now: clock.now }),
    password: password && createPasswordMethod(password, origin, clock.now),
    ticket: ticket && createCookieMethod(ticket, origin, clock.now),
  };
  /** Keys first: the session is of no use without them. */
  const rewrite = async (): Promise<void> => {
    await Promise.allSettled([sealer.rewrite(), keys.rewrite()]);
    onErased();
  };
  const signInMethods: Partial<Record<SignInKind, SignInMethod>> = {};
  for (const kind of ['oidc', 'password', 'ticket'] as const) if (methods[kind]) signInMethods[kind] = methods[kind];
  const revoke = async (session: Session): Promise<RevocationResult> => {
    if (isReplaced(session, current(), oidc?.grantPerSignIn)) return true;
    return (await signInMethods[session.kind]?.revoke(session)) ?? true;
  };
  const endSession = createEndSession(disk, sealer);
  const revocations = createRevocations(disk, sealer, clock, random, revoke);
  return {
    disk,
    endSession,
    keys,
    methods,
    signInMethods,
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
      const needed = new Set(await pendingSignIns.keys());
      if (session?.tokens.key !== undefined) needed.add(session.tokens.key);
      await keys.keepOnly(needed);
    },
  };
};

export type Services = ReturnType<typeof createServices>;
