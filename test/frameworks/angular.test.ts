// Router is compiled in part, and Angular's own build does the rest. Here its compiler does it at run time.
import '@angular/compiler';
import { createEnvironmentInjector, Injector, type EnvironmentInjector, runInInjectionContext } from '@angular/core';
import { Router } from '@angular/router';
import { afterEach, expect, test, vi } from 'vitest';
import {
  createKeeperSource,
  injectAccess,
  injectKeeper,
  injectSession,
  provideKeeperSource,
  requireSession,
} from '../../src/frameworks/angular.ts';
import type { SessionView } from '../../src/protocol/snapshot.ts';
import { createFakeKeeper, offline, signedIn, signedOut } from '../../src/testing/index.ts';

const ADMIN = signedIn({ sub: 'ann', claims: { roles: ['admin'] } });
const NO_PARENT = Injector.NULL as EnvironmentInjector;
const ROUTER = { provide: Router, useValue: { parseUrl: (url: string) => ({ to: url }) } };

const appWith = (session: SessionView) => {
  const keeper = createFakeKeeper({ session });
  const app = createEnvironmentInjector([provideKeeperSource(createKeeperSource(keeper)), ROUTER], NO_PARENT);
  return { keeper, app, within: <T>(run: () => T): T => runInInjectionContext(app, run) };
};

const inBrowser = (): void => void vi.stubGlobal('document', {});
afterEach(() => vi.unstubAllGlobals());

test('gives one signal that follows the session, until the app is destroyed', () => {
  inBrowser();
  const { keeper, app, within } = appWith(signedOut());
  const session = within(injectSession);
  const access = within(() => injectAccess({ role: 'admin' }));
  expect(within(injectSession)).toBe(session);
  expect([session().state, access()]).toEqual(['signed-out', 'signed-out']);
  keeper.show(ADMIN);
  expect([session(), access()]).toEqual([ADMIN, 'granted']);
  keeper.show(signedIn());
  expect(access()).toBe('forbidden');
  app.destroy();
  keeper.show(signedOut());
  expect(session()).toEqual(signedIn());
});

test('follows nothing on a server', () => {
  const { keeper, within } = appWith({ state: 'starting' });
  const session = within(injectSession);
  keeper.show(ADMIN);
  expect(session()).toEqual({ state: 'starting' });
});

test('gives the actions of the keeper', async () => {
  const { within, keeper } = appWith(ADMIN);
  expect(await within(injectKeeper).signOut()).toMatchObject({ ok: true });
  expect(keeper.snapshot.session.state).toBe('signed-out');
});

test('lets a route pass, stops it, or leads to the sign-in page', async () => {
  const guard = (session: SessionView, role?: string) =>
    appWith(session).within(() => requireSession({ signIn: '/sign-in', role })(undefined, { url: '/inbox?page=2' }));
  expect(await guard(ADMIN, 'admin')).toBe(true);
  expect(await guard(offline())).toBe(true);
  expect(await guard(signedIn(), 'admin')).toBe(false);
  expect(await guard(signedOut())).toEqual({ to: '/sign-in?returnTo=%2Finbox%3Fpage%3D2' });
});

test('says what is missing when the app has no keeper', () => {
  const app = createEnvironmentInjector([ROUTER], NO_PARENT);
  expect(() => runInInjectionContext(app, injectSession)).toThrow('Add provideKeeperSource(source)');
});
