import type { Session } from '../../core/session/session-types.ts';
import type { KeeperConfig, SealSecret } from '../../protocol/config.ts';
import { droppedOf } from '../../protocol/schema/dropped.ts';
import { noteOnce } from '../runtime/developer-note.ts';
import { SIGN_IN_CONFIG } from '../../protocol/sign-in-config.ts';
import type { SignInKind } from '../../protocol/snapshot.ts';
import type { Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';
import { findFormer, type Bindings } from '../storage/former-database.ts';
import type { FirstRead } from '../storage/first-read.ts';
import { createCsrf } from './methods/csrf.ts';
import { createCookieMethod } from './methods/cookie-method.ts';
import { createDpopKeys } from './dpop-keys.ts';
import { createOidcMethod, type Landing } from './oidc-method.ts';
import { createPasswordMethod } from './methods/password-method.ts';
import { createPendingSignIns } from './pending-sign-ins.ts';
import { createProofFetch, type ProofFetch } from './proof-fetch.ts';
import { revocationEndsCurrent } from './provider-quirks.ts';
import type { MethodBounds, RevocationResult, SignInMethod, VerifyResult } from './methods/sign-in-method.ts';
import type { ConnectionCheck } from '../runtime/connections.ts';
import { sendDirectly } from '../runtime/send-directly.ts';

export type AuthOptions = {
  /** Path of the app: where a sign-in without a place leads, and a sign-out at the provider. */
  scope: string;
  bindings: Bindings;
  seal: SealSecret | undefined;
  config: KeeperConfig;
  origin: string;
  disk: Disk;
  sealer: Sealer;
  firstRead?: FirstRead | undefined;
  /** Adds the site's own sign-ins (`defineSignIn`). Only a worker that has some carries their code. */
  withOwn?: ((configured: SignInMethod | undefined, bounds: MethodBounds) => SignInMethod | undefined) | undefined;
  /** Whether the user has signed out and no sign-in came after it. */
  hasLeft(): boolean;
  now(): number;
  connections: ConnectionCheck;
  /** An API got a bound token as a bearer token, because it knows no DPoP. */
  onBearerOnly(): void;
  /** The backend has said whether the cookie session is bound to this device. */
  onDeviceBound(isDeviceBound: boolean): void;
};

/** What gives a session its tokens. */
export type TokenSource = Pick<SignInMethod, 'signIn' | 'refresh'>;

/** Everything that talks to a token endpoint or signs proofs. No request with a valid bearer token needs it. */
export type Auth = {
  /** The methods of the configuration. */
  readonly methods: Readonly<Partial<Record<SignInKind, TokenSource>>>;
  /** Makes the tokens of this session invalid at the provider, unless that would end the `current` session too. */
  revoke(session: Session, current: Session | undefined): Promise<RevocationResult>;
  /** Asks the backend whether the cookie session is valid. */
  verifyCookie(): Promise<VerifyResult>;
  /** Where the browser goes on after the callback of the sign-in with this `state`. */
  land(state: string | null): Promise<Landing | undefined>;
  /** Whether the sign-in with this `state` began in this session. */
  hasBegun(state: string | null): Promise<boolean>;
  /** Sends a request of a site with cookie sessions, with its CSRF header if it is unsafe. */
  sendWithCsrf(request: Request): Promise<Response>;
  /** Sends a request with a DPoP proof (RFC 9449). */
  readonly sendWithProof: ProofFetch;
  /** Deletes each DPoP key that neither this session nor a pending sign-in uses. */
  cleanUp(session: Session | undefined): Promise<void>;
  /** Writes the DPoP keys to the disk again, after a script deleted the database. */
  rewrite(): Promise<unknown>;
  /** The first of these former names of the deployment whose database has its session. */
  findFormer(names: readonly string[], ours: readonly string[]): Promise<string | undefined>;
};

export const createAuth = (options: AuthOptions): Auth => {
  const { config, origin, scope, disk, sealer, hasLeft, now, connections, onBearerOnly, onDeviceBound } = options;
  const { oidc, password, ticket } = SIGN_IN_CONFIG.read(config.signIn) ?? {};
  const dropped = droppedOf(SIGN_IN_CONFIG, config.signIn, 'config.signIn');
  if (dropped) noteOnce('sign-in-dropped', `${dropped} The worker goes on without it.`);
  const keys = createDpopKeys(options);
  const pendingSignIns = createPendingSignIns({ disk, sealer, home: scope, now });
  const oidcMethod =
    oidc &&
    createOidcMethod({
      ...{ config: oidc, apis: config.api, origin, scope, keys, pendingSignIns, hasLeft, now, connections },
    });
  const csrf = ticket?.csrf && createCsrf(ticket.csrf, { origin, home: scope });
  const cookie =
    ticket &&
    createCookieMethod({ config: ticket, claims: config.claims, origin, home: scope, csrf, now, onDeviceBound });
  const bounds = { origin, now, connections };
  const configured = password && password.login !== '' ? createPasswordMethod(password, bounds) : undefined;
  const ofTokens = options.withOwn ? options.withOwn(configured, bounds) : configured;
  const methods: Partial<Record<SignInKind, SignInMethod>> = {
    ...(oidcMethod && { oidc: oidcMethod }),
    ...(ofTokens && { password: ofTokens }),
    ...(cookie && { ticket: cookie }),
  };
  return {
    methods,
    async revoke(session, current) {
      if (revocationEndsCurrent(session, current, oidc?.grantPerSignIn)) return true;
      return methods[session.kind]?.revoke(session) ?? true;
    },
    verifyCookie: async () =>
      cookie?.verify() ?? { type: 'failed', problem: { code: 'unsupported', detail: 'ticket' } },
    land: async (state) => oidcMethod?.land(state),
    hasBegun: async (state) => (await pendingSignIns.look(state)) !== undefined,
    sendWithCsrf: csrf?.send ?? ((request) => sendDirectly(request)),
    sendWithProof: createProofFetch(keys, oidc?.dpop === 'required' ? undefined : onBearerOnly),
    async cleanUp(session) {
      const needed = new Set(await pendingSignIns.keys());
      if (session?.tokens.key !== undefined) needed.add(session.tokens.key);
      await keys.keepOnly(needed);
    },
    rewrite: keys.rewrite,
    findFormer: (names, ours) => findFormer(names, ours, options.bindings, options.seal),
  };
};
