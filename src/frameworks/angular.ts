import {
  computed,
  DestroyRef,
  inject,
  InjectionToken,
  makeEnvironmentProviders,
  signal,
  type EnvironmentProviders,
  type Signal,
} from '@angular/core';
import { Router, type UrlTree } from '@angular/router';
import type { SessionView } from '../protocol/snapshot.ts';
import { accessOf, settledAccess, signInUrl, type Access, type AccessOptions, type GuardOptions } from './access.ts';
import type { KeeperActions, KeeperSource } from './keeper-source.ts';

export { isSignedIn, rolesOf, type Access, type AccessOptions, type GuardOptions } from './access.ts';
export { createKeeperSource, type KeeperActions, type KeeperOrOptions, type KeeperSource } from './keeper-source.ts';

/* Functions only: a library with decorators would need Angular's own compiler (https://angular.dev/tools/libraries/angular-package-format). */

const SOURCE = /* @__PURE__ */ new InjectionToken<KeeperSource>('session-keeper');
const SESSION = /* @__PURE__ */ new InjectionToken<Signal<SessionView>>('session-keeper session');

const injectSource = (): KeeperSource => {
  const source = inject(SOURCE, { optional: true });
  if (!source) throw new Error('Add provideKeeperSource(source) to the providers of the app.');
  return source;
};

/** One signal for the whole app, so one subscription. */
const followSession = (): Signal<SessionView> => {
  const source = injectSource();
  const session = signal(source.session());
  // Nothing ends a subscription on a server.
  if (typeof document !== 'undefined')
    inject(DestroyRef).onDestroy(source.subscribe(() => session.set(source.session())));
  return session.asReadonly();
};

/**
 * Gives the keeper to the whole app. It connects when something first uses the session in a browser.
 *
 * @example
 * import { createKeeperSource, provideKeeperSource } from 'session-keeper/angular';
 * export const appConfig = { providers: [provideKeeperSource(createKeeperSource({ worker: '/sw.js' }))] };
 */
export const provideKeeperSource = (source: KeeperSource): EnvironmentProviders =>
  makeEnvironmentProviders([
    { provide: SOURCE, useValue: source },
    { provide: SESSION, useFactory: followSession },
  ]);

/**
 * The actions of the keeper: `signIn`, `signOut`, `fetch` and others. They connect first. Call it where Angular injects.
 *
 * @example
 * import { injectKeeper } from 'session-keeper/angular';
 * export class Account {
 *   readonly #keeper = injectKeeper();
 *   signOut = () => this.#keeper.signOut();
 * }
 */
export const injectKeeper = (): KeeperActions => injectSource();

/**
 * The session, as a signal. On a server it is `starting`. Call it where Angular injects.
 *
 * @example
 * import { injectSession } from 'session-keeper/angular';
 * export class Account {
 *   readonly session = injectSession(); // in the template: @if (session().state === 'signed-out') { … }
 * }
 */
export const injectSession = (): Signal<SessionView> => {
  injectSource();
  return inject(SESSION);
};

/**
 * What the user may see, as a signal: `wait`, `granted`, `signed-out`, or `forbidden` without the role.
 *
 * @example
 * import { injectAccess } from 'session-keeper/angular';
 * export class Settings {
 *   readonly access = injectAccess({ role: 'admin' }); // in the template: @switch (access()) { @case ('granted') { … } }
 * }
 */
export const injectAccess = (options: AccessOptions = {}): Signal<Access> => {
  const session = injectSession();
  return computed(() => accessOf(session(), options));
};

/**
 * A guard for a route: `canActivate`. It waits until the session is known, and sends a user who is signed out to the sign-in
 * page. A user without the role stays where they are.
 *
 * @example
 * import { requireSession } from 'session-keeper/angular';
 * export const route = { path: 'inbox', canActivate: [requireSession({ signIn: '/sign-in' })] };
 */
export const requireSession =
  ({ signIn, ...options }: GuardOptions) =>
  async (_route: unknown, { url }: { url: string }): Promise<boolean | UrlTree> => {
    // Nothing injects after the first `await`.
    const [source, router] = [injectSource(), inject(Router)];
    const access = await settledAccess(source, options);
    return access === 'signed-out' ? router.parseUrl(signInUrl(signIn, url)) : access === 'granted';
  };
