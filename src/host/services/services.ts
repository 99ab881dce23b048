import type { Session } from '../../core/session/session-types.ts';
import type { SessionEventName } from '../../protocol/journal-names.ts';
import type { Problem } from '../../protocol/problem.ts';
import { createEndSession } from '../auth/end-session.ts';
import { createLateAuth } from '../auth/late-auth.ts';
import type { RevocationResult } from '../auth/methods/sign-in-method.ts';
import type { Clock, Random } from '../runtime/clock.ts';
import { createRevocations } from '../session/revocations.ts';
import { createDisk } from '../storage/database.ts';
import { deploymentName, formerNames, sessionDeployment, type DeploymentName } from '../runtime/deployment-name.ts';
import { createSealer } from '../storage/encryption.ts';
import { createJournal, describe } from '../storage/journal.ts';
import { sealBindings } from '../runtime/deployment-name.ts';
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
  /** The server will never end the tokens of the last sign-out. */
  onRevocationRefused(problem: Problem): void;
};

/** Creates everything that uses the disk or the token endpoints, for one deployment. */
export const createServices = (
  options: HostOptions,
  { clock, random, worker, current, hasLeft, onErased, onRevocationRefused }: ServicesOptions,
) => {
  const { config, origin, scope, seal, session, loadAuth, firstRead, connections } = options;
  const own = sessionDeployment(deploymentName(config.name, scope), session);
  const deployment: DeploymentName = { name: own };
  const disk = createDisk(() => void rewrite(), firstRead?.connection, deployment);
  const bindings = sealBindings(origin, config, session);
  const sealer = options.createSealer?.(bindings.provider) ?? createSealer(disk, bindings.provider, seal);
  // A proof needs this key before the session is read. Each later read replaces it.
  void firstRead?.rows.then(({ key }) => sealer.useStored(key)).catch(() => undefined);
  const now = clock.now;
  let isBearerOnly = false;
  const onBearerOnly = (): void => {
    isBearerOnly = true;
  };
  let isDeviceBound = false;
  const auth = createLateAuth(loadAuth, {
    ...{ config, origin, scope, disk, sealer, bindings, seal, firstRead, connections, now, onBearerOnly },
    // The provider may know the person of another session. A new one asks who comes.
    hasLeft: () => hasLeft() || (session !== undefined && current() === undefined),
    onDeviceBound: (isBound) => (isDeviceBound = isBound),
  });
  /** A session in the database of a former name stays there until it ends. Two workers may share it. */
  const returnToFormer = async (): Promise<boolean> => {
    const former = session ? [] : formerNames(own, scope);
    const ours = [own, deploymentName(undefined, scope)];
    const name = former.length > 0 ? await auth.findFormer(former, ours) : undefined;
    if (name === undefined) return false;
    deployment.name = name;
    await disk.close();
    return true;
  };
  /** The keys come first: without them the session record is useless. */
  const rewrite = async (): Promise<void> => {
    await Promise.allSettled([sealer.rewrite(), auth.rewrite()]);
    onErased();
  };
  const revoke = (session: Session): Promise<RevocationResult> => auth.revoke(session, current());
  const endSession = createEndSession(disk, sealer);
  const journal = createJournal(disk, clock, worker);
  /** The sign-out cannot end the tokens. Then it ends the sign-in at the provider, if it can. */
  const onRefused = (session: Session, problem: Problem): void => {
    journal.write('session', 'revocation-refused' satisfies SessionEventName, describe({ problem }));
    if (!hasLeft()) return;
    // A provider without revocation has refused nothing. With `logout: 'local'` the page stays where it is.
    if (problem.code === 'revocation-refused' && problem.status !== undefined)
      endSession.save(session.tokens.endSessionIfRefused);
    onRevocationRefused(problem);
  };
  const revocations = createRevocations({ disk, sealer, clock, random, revoke, onRefused });
  return {
    deployment,
    disk,
    endSession,
    auth,
    signInMethods: auth.methods,
    /** An API gets bound tokens as bearer tokens, because it knows no DPoP. */
    isBearerOnly: () => isBearerOnly,
    /** The backend's last answer proved that the cookie session is bound to this device. */
    isDeviceBound: () => isDeviceBound,
    store: createSessionStore(disk, sealer, {
      firstRead,
      withoutProvider: sealer.boundTo(bindings.withoutProvider),
      deployment: own,
      returnToFormer,
    }),
    revocations: {
      ...revocations,
      add(session: Session): Promise<void> {
        if (hasLeft()) endSession.save(session.tokens.endSession);
        return revocations.add(session);
      },
    },
    journal,
    /** Deletes the log-out URL of the previous session, and each DPoP key that no session or pending sign-in uses. */
    async cleanUp(session: Session | undefined): Promise<void> {
      if (session) await endSession.take();
      await auth.cleanUp(session);
    },
  };
};

export type Services = ReturnType<typeof createServices>;
