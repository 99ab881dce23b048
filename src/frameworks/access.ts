import type { SessionView } from '../protocol/snapshot.ts';
import type { KeeperSource } from './keeper-source.ts';

/** What a guard decides of a session. `wait`: nothing is known yet. */
export type Access = 'wait' | 'granted' | 'signed-out' | 'forbidden';

/** Whom a guard admits. */
export type AccessOptions = {
  /** A role that the user needs: one of the claim `roles` (an array, or a text with spaces). */
  role?: string | undefined;
};

/**
 * Whether a user is signed in. Offline, and while the provider is away, a user still is.
 *
 * @example
 * import { isSignedIn, useSession } from 'session-keeper/react';
 * export const useGreeting = () => (isSignedIn(useSession()) ? 'Welcome back' : 'Hello');
 */
export const isSignedIn = ({ state }: SessionView): boolean => state !== 'starting' && state !== 'signed-out';

/**
 * The roles in the claim `roles` of the user. The configuration lists the claims that pages get (`claims`). A role decides
 * what the page shows. What the user may do is your server's decision.
 *
 * @example
 * import { rolesOf, useSession } from 'session-keeper/react';
 * export const useIsAdmin = () => rolesOf(useSession()).includes('admin');
 */
export const rolesOf = (session: SessionView): readonly string[] => {
  const roles = 'user' in session ? session.user?.claims?.['roles'] : undefined;
  const list: unknown = typeof roles === 'string' ? roles.split(' ') : roles;
  return Array.isArray(list) ? list.filter((role) => typeof role === 'string') : [];
};

export const accessOf = (session: SessionView, { role }: AccessOptions = {}): Access => {
  if (session.state === 'starting') return 'wait';
  if (!isSignedIn(session)) return 'signed-out';
  return role === undefined || rolesOf(session).includes(role) ? 'granted' : 'forbidden';
};

/** Where guards send users. */
export type GuardOptions = AccessOptions & {
  /** Path of your sign-in page. It gets the path that the user wanted as `returnTo`. */
  signIn: string;
};

/** `path`: what the user wanted. */
export const signInUrl = (signIn: string, path: string): string =>
  `${signIn}${signIn.includes('?') ? '&' : '?'}returnTo=${encodeURIComponent(path)}`;

/**
 * Waits until the session is known, and resolves with what the user may see: for the `load` function of SvelteKit and for
 * other routers. On a server it rejects, so turn off server-side rendering for the page.
 *
 * @example
 * import { createKeeperSource, settledAccess } from 'session-keeper/svelte';
 * const source = createKeeperSource({ worker: '/sw.js' });
 * export const isAllowed = async () => (await settledAccess(source, { role: 'admin' })) === 'granted';
 */
export const settledAccess = async (source: KeeperSource, options: AccessOptions = {}): Promise<Access> =>
  accessOf(await source.settled(), options);
