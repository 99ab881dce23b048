import type { SessionView } from '../protocol/snapshot.ts';
import { accessOf, signInUrl, type GuardOptions } from './access.ts';
import type { KeeperSource } from './keeper-source.ts';

/**
 * A loader for routers that take a thrown `Response`, such as React Router. It waits until the session is known. Without a
 * user it redirects to the sign-in page, and without the role it throws a response of 403. Otherwise it returns the session.
 *
 * @example
 * import { createKeeperSource, requireSession } from 'session-keeper/react';
 * const source = createKeeperSource({ worker: '/sw.js' });
 * export const route = { path: '/inbox', loader: requireSession(source, { signIn: '/sign-in' }) };
 */
export const requireSession =
  (source: KeeperSource, { signIn, ...options }: GuardOptions) =>
  async ({ request }: { request: Request }): Promise<SessionView> => {
    const session = await source.settled();
    const access = accessOf(session, options);
    const { pathname, search } = new URL(request.url);
    if (access === 'signed-out')
      throw new Response(null, { status: 302, headers: { location: signInUrl(signIn, pathname + search) } });
    if (access !== 'granted') throw new Response('This page needs another role.', { status: 403 });
    return session;
  };
