import type { Session } from '../../core/session/session-types.ts';
import { createEndSession } from '../auth/end-session.ts';
import { createLateAuth } from '../auth/late-auth.ts';
import { revocationEndsCurrent } from '../session/revocation-scope.ts';
import type { RevocationResult } from '../auth/sign-in-method.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import { createRevocations } from '../session/revocations.ts';
import { createDisk } from '../storage/database.ts';
import { createSealer } from '../storage/encryption.ts';
import { createJournal } from '../storage/journal.ts';
import { createSessionStore } from '../storage/session-store.ts';
import type { HostOptions } from './host-options.ts';

type ServicesOptions = {
  clock: Clock;
  random: Random;
  /** Id of this worker, for its journal entries. */
  worker: string;
  current(): Session | undefined;
  /** Whether the user has signed out and no sign-in came after it. */
  hasLeft(): boolean;
  /** A script deleted the database. The services have written their keys again. */
  onErased(): void;
};

/** Creates everything that uses the disk or the token endpoints, for one deployment. */
export const createServices = (
  { config, origin, seal, loadAuth, firstRead }: HostOptions,
  { clock, random, worker, current, hasLeft, onErased }: ServicesOptions,
) => {
  const { oidc } = config.signIn;
  const disk = createDisk(() => void rewrite(), firstRead?.connection);
  // Only this origin, provider and client can open the sealed records.
  const sealer = createSealer(disk, [origin, oidc?.issuer, oidc?.clientId].join(' '), seal);
  let isBearerOnly = false;
  const onBearerOnly = (): void => {
    isBearerOnly = true;
  };
  const auth = createLateAuth(loadAuth, {
    config,
    origin,
    disk,
    sealer,
    firstRead,
    hasLeft,
    now: clock.now,
    onBearerOnly,
  });
  /** The keys come first: without them the session record is useless. */
  const rewrite = async (): Promise<void> => {
    await Promise.allSettled([sealer.rewrite(), auth.rewrite()]);
    onErased();
  };
  const revoke = async (session: Session): Promise<RevocationResult> => {
    if (revocationEndsCurrent(session, current(), oidc?.grantPerSignIn)) return true;
    return (await auth.methods[session.kind]?.revoke(session)) ?? true;
  };
  const endSession = createEndSession(disk, sealer);
  const revocations = createRevocations({ disk, sealer, clock, random, revoke });
  return {
    disk,
    endSession,
    auth,
    signInMethods: auth.methods,
    /** An API gets bound tokens as bearer tokens, because it knows no DPoP. */
    isBearerOnly: () => isBearerOnly,
    store: createSessionStore(disk, sealer, firstRead),
    revocations: {
      ...revocations,
      add(session: Session): Promise<void> {
        if (hasLeft()) endSession.save(session.tokens.endSession);
        return revocations.add(session);
      },
    },
    journal: createJournal(disk, clock, worker),
    /** Deletes the log-out URL of the previous session, and each DPoP key that no session or pending sign-in uses. */
    async cleanUp(session: Session | undefined): Promise<void> {
      if (session) await endSession.take();
      await auth.cleanUp(session);
    },
  };
};

export type Services = ReturnType<typeof createServices>;
