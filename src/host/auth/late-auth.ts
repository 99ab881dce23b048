import type { SignInKind } from '../../protocol/snapshot.ts';
import type { Auth, AuthOptions, TokenSource } from './auth.ts';
import { failedWith } from './methods/sign-in-method.ts';

/** Loads the code of `auth.ts`. A worker evaluates it when it first needs it (docs/decisions/0012). */
export type LoadAuth = () => Promise<{ createAuth(options: AuthOptions): Auth }>;

const KINDS = ['oidc', 'password', 'ticket'] as const satisfies readonly SignInKind[];

/** `prepare`: loads the code while the worker waits for something else, such as the refresh lock. */
export type LateAuth = Auth & { prepare(): void };

/** An `Auth` that loads its code at the first call. */
export const createLateAuth = (load: LoadAuth, options: AuthOptions): LateAuth => {
  let loaded: Promise<Auth> | undefined;
  const auth = (): Promise<Auth> => {
    loaded ??= load().then(({ createAuth }) => createAuth(options));
    // The next call tries again.
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
  /** Nothing was sent, so the machine may try again. */
  const NOT_LOADED = failedWith({ code: 'network-unreachable', at: 'script' });
  const method = async (kind: SignInKind): Promise<TokenSource | undefined> =>
    (await auth().catch(() => undefined))?.methods[kind];
  const late = (kind: SignInKind): TokenSource => ({
    signIn: async (command) => (await method(kind))?.signIn(command) ?? NOT_LOADED,
    refresh: async (...asked) => (await method(kind))?.refresh(...asked) ?? { ...NOT_LOADED, unanswered: false },
  });
  return {
    prepare: () => void auth().catch(() => undefined),
    methods: Object.fromEntries(KINDS.filter((kind) => options.config.signIn[kind]).map((kind) => [kind, late(kind)])),
    revoke: async (session, current) => (await auth().catch(() => undefined))?.revoke(session, current) ?? 0,
    verifyCookie: async () => (await auth().catch(() => undefined))?.verifyCookie() ?? NOT_LOADED,
    land: async (state) => (await auth()).land(state),
    hasBegun: async (state) => (await auth()).hasBegun(state),
    sendWithCsrf: async (request) => (await auth()).sendWithCsrf(request),
    sendWithProof: async (attempt) => (await auth()).sendWithProof(attempt),
    findFormer: async (names, ours) => (await auth()).findFormer(names, ours),
    cleanUp: async (session) => (await auth()).cleanUp(session),
    // A key that this worker has not used is not in its memory.
    rewrite: async () => (await loaded)?.rewrite(),
  };
};
