import {
  createContext,
  createElement,
  useContext,
  useState,
  useSyncExternalStore,
  type DetailedHTMLProps,
  type HTMLAttributes,
  type ReactElement,
  type ReactNode,
} from 'react';
import type { Keeper } from '../page/types/types.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { accessOf, type AccessOptions } from './access.ts';
import { createKeeperSource, type KeeperActions, type KeeperOrOptions, type KeeperSource } from './keeper-source.ts';

export { isSignedIn, rolesOf, type Access, type AccessOptions, type GuardOptions } from './access.ts';
export { createKeeperSource, type KeeperActions, type KeeperOrOptions, type KeeperSource } from './keeper-source.ts';
export { requireSession } from './load.ts';

const KeeperContext = createContext<KeeperSource | undefined>(undefined);

/** `source`: what loaders share. Otherwise `from`: options of `connect`, or a keeper of a test. Default: `connect()`. */
export type KeeperProviderProps = {
  source?: KeeperSource;
  from?: KeeperOrOptions;
  children?: ReactNode;
};

/**
 * Gives the keeper to everything below. It connects after the first render in a browser, and on a server it does nothing.
 *
 * @example
 * import { createElement } from 'react';
 * import { KeeperProvider, SignedIn } from 'session-keeper/react';
 * // In JSX: <KeeperProvider from={{ worker: '/sw.js' }}><SignedIn>Hello</SignedIn></KeeperProvider>
 * export const app = createElement(
 *   KeeperProvider,
 *   { from: { worker: '/sw.js' } },
 *   createElement(SignedIn, null, 'Hello'),
 * );
 */
export const KeeperProvider = ({ source, from, children }: KeeperProviderProps): ReactElement => {
  const [own] = useState(() => source ?? createKeeperSource(from));
  return createElement(KeeperContext.Provider, { value: source ?? own }, children);
};

const useSource = (): KeeperSource => {
  const source = useContext(KeeperContext);
  if (!source) throw new Error('Put a <KeeperProvider> around this component.');
  return source;
};

/**
 * The actions of the keeper: `signIn`, `signOut`, `fetch` and others. They connect first. The object stays the same.
 *
 * @example
 * import { useKeeper } from 'session-keeper/react';
 * export const useSignOut = () => {
 *   const keeper = useKeeper();
 *   return () => keeper.signOut();
 * };
 */
export const useKeeper = (): KeeperActions => useSource();

const STARTING: SessionView = { state: 'starting' };

/**
 * The session. The component renders again when it changes. `suspend`: suspends while the session is `starting`, for a
 * `<Suspense>` around it.
 *
 * @example
 * import { useSession } from 'session-keeper/react';
 * export const useUserName = () => {
 *   const session = useSession();
 *   return 'user' in session ? session.user?.name : undefined;
 * };
 */
export const useSession = ({ suspend = false }: { suspend?: boolean } = {}): SessionView => {
  const source = useSource();
  const session = useSyncExternalStore(source.subscribe, source.session, () => STARTING);
  // React renders again when a thrown promise resolves (https://react.dev/reference/react/Suspense).
  if (suspend && session.state === 'starting') throw source.settled();
  return session;
};

/** `fallback`: shown to a user without the role. */
export type SignedInProps = AccessOptions & { children?: ReactNode; fallback?: ReactNode };

/**
 * Shows its children to a user who is signed in, and has the role, if you name one.
 *
 * @example
 * import { createElement } from 'react';
 * import { SignedIn } from 'session-keeper/react';
 * // In JSX: <SignedIn role="admin"><Settings /></SignedIn>
 * export const settings = createElement(SignedIn, { role: 'admin' }, 'Settings');
 */
export const SignedIn = ({ role, fallback, children }: SignedInProps): ReactNode => {
  const access = accessOf(useSession(), { role });
  if (access === 'granted') return children;
  return access === 'forbidden' ? fallback : undefined;
};

/**
 * Shows its children when no one is signed in. It shows nothing while the session starts.
 *
 * @example
 * import { createElement } from 'react';
 * import { SignedOut } from 'session-keeper/react';
 * // In JSX: <SignedOut><SignInForm /></SignedOut>
 * export const form = createElement(SignedOut, null, 'Please sign in');
 */
export const SignedOut = ({ children }: { children?: ReactNode }): ReactNode =>
  accessOf(useSession()) === 'signed-out' ? children : undefined;

/** What a gate shows in each case. */
export type SessionGateProps = SignedInProps & { restoring?: ReactNode; signedOut?: ReactNode };

/**
 * Shows one of four things: its children to a user with access, `restoring` while the session starts, `signedOut`, or
 * `fallback` to a user without the role. `signedOut` may be `<Navigate to="/sign-in" />` of React Router.
 *
 * @example
 * import { createElement } from 'react';
 * import { SessionGate } from 'session-keeper/react';
 * // In JSX: <SessionGate restoring="One moment." signedOut={<SignInForm />}><App /></SessionGate>
 * export const gate = createElement(SessionGate, { restoring: 'One moment.', signedOut: 'Please sign in' }, 'Your inbox');
 */
export const SessionGate = ({ role, restoring, signedOut, fallback, children }: SessionGateProps): ReactNode => {
  const access = accessOf(useSession(), { role });
  return { wait: restoring, granted: children, 'signed-out': signedOut, forbidden: fallback }[access];
};

/** An element of `session-keeper/elements` in JSX. */
type ElementProps = DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> & { keeper?: Keeper | undefined };

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'session-gate': ElementProps;
      'session-sign-in': ElementProps;
      'session-status': ElementProps;
    }
  }
}
