import {
  computed,
  defineComponent,
  inject,
  onScopeDispose,
  shallowRef,
  type DefineComponent,
  type InjectionKey,
  type Plugin,
  type ShallowRef,
  type SlotsType,
} from 'vue';
import type { Keeper } from '../page/types/types.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { accessOf, settledAccess, type GuardOptions } from './access.ts';
import type { KeeperActions, KeeperSource } from './keeper-source.ts';

export { isSignedIn, rolesOf, type Access, type AccessOptions, type GuardOptions } from './access.ts';
export { createKeeperSource, type KeeperActions, type KeeperOrOptions, type KeeperSource } from './keeper-source.ts';

const KEY: InjectionKey<KeeperSource> = Symbol('session-keeper');

/**
 * Gives the keeper to all components of an app: `app.use(keeperPlugin(source))`. It connects when a component first uses
 * the session in a browser.
 *
 * @example
 * import { createApp } from 'vue';
 * import { createKeeperSource, keeperPlugin } from 'session-keeper/vue';
 * createApp({}).use(keeperPlugin(createKeeperSource({ worker: '/sw.js' }))).mount('#app');
 */
export const keeperPlugin = (source: KeeperSource): Plugin => ({ install: (app) => void app.provide(KEY, source) });

const useSource = (): KeeperSource => {
  const source = inject(KEY);
  if (!source) throw new Error('Call app.use(keeperPlugin(source)) before you mount the app.');
  return source;
};

/**
 * The actions of the keeper: `signIn`, `signOut`, `fetch` and others. They connect first.
 *
 * @example
 * import { useKeeper } from 'session-keeper/vue';
 * export const setup = () => ({ signOut: useKeeper().signOut });
 */
export const useKeeper = (): KeeperActions => useSource();

/**
 * The session, as a ref that changes with it. On a server it is `starting`.
 *
 * @example
 * import { computed } from 'vue';
 * import { useSession } from 'session-keeper/vue';
 * export const setup = () => {
 *   const session = useSession();
 *   return { isOut: computed(() => session.value.state === 'signed-out') };
 * };
 */
export const useSession = (): Readonly<ShallowRef<SessionView>> => {
  const source = useSource();
  const session = shallowRef(source.session());
  // Nothing ends a subscription on a server.
  if (typeof document !== 'undefined')
    onScopeDispose(
      source.subscribe(() => {
        session.value = source.session();
      }),
    );
  return session;
};

const useAccess = (role?: () => string | undefined) => {
  const session = useSession();
  return computed(() => accessOf(session.value, { role: role?.() }));
};

type Slot = Record<string, never>;

/**
 * Shows its default slot to a user who is signed in, and has the `role`, if you name one. Slot `fallback`: for a user
 * without the role.
 *
 * @example
 * import { h } from 'vue';
 * import { SignedIn } from 'session-keeper/vue';
 * // In a template: <SignedIn role="admin"><Settings /></SignedIn>
 * export const render = () => h(SignedIn, { role: 'admin' }, () => 'Settings');
 */
export const SignedIn = defineComponent({
  name: 'SignedIn',
  props: { role: String },
  slots: Object as SlotsType<{ default?: Slot; fallback?: Slot }>,
  setup(props, { slots }) {
    const access = useAccess(() => props.role);
    return () =>
      access.value === 'granted' ? slots.default?.({}) : access.value === 'forbidden' && slots.fallback?.({});
  },
});

/**
 * Shows its slot when no one is signed in.
 *
 * @example
 * import { h } from 'vue';
 * import { SignedOut } from 'session-keeper/vue';
 * // In a template: <SignedOut><SignInForm /></SignedOut>
 * export const render = () => h(SignedOut, () => 'Please sign in');
 */
export const SignedOut = defineComponent({
  name: 'SignedOut',
  setup(_props, { slots }) {
    const access = useAccess();
    return () => access.value === 'signed-out' && slots['default']?.({});
  },
});

/**
 * Shows one of its slots: `default` to a user with access, `restoring` while the session starts, `signed-out`, or
 * `fallback` to a user without the role.
 *
 * @example
 * import { h } from 'vue';
 * import { SessionGate } from 'session-keeper/vue';
 * export const render = () =>
 *   h(SessionGate, null, { default: () => 'Your inbox', restoring: () => 'One moment.', 'signed-out': () => 'Please sign in' });
 */
export const SessionGate = defineComponent({
  name: 'SessionGate',
  props: { role: String },
  slots: Object as SlotsType<{ default?: Slot; restoring?: Slot; 'signed-out'?: Slot; fallback?: Slot }>,
  setup(props, { slots }) {
    const access = useAccess(() => props.role);
    const name = { wait: 'restoring', granted: 'default', 'signed-out': 'signed-out', forbidden: 'fallback' } as const;
    return () => slots[name[access.value]]?.({});
  },
});

/** Where a guard of Vue Router sends a navigation; `true` lets it pass, `false` stops it. */
export type GuardResult = boolean | { path: string; query: { returnTo: string } };

/**
 * A navigation guard for Vue Router. It waits until the session is known, and sends a user who is signed out to the
 * sign-in page. A user without the role stays where they are.
 *
 * @example
 * import { createKeeperSource, requireSession } from 'session-keeper/vue';
 * const source = createKeeperSource({ worker: '/sw.js' });
 * export const route = { path: '/inbox', beforeEnter: requireSession(source, { signIn: '/sign-in' }) };
 */
export const requireSession =
  (source: KeeperSource, { signIn, ...options }: GuardOptions) =>
  async (to: { fullPath: string }): Promise<GuardResult> => {
    const access = await settledAccess(source, options);
    return access === 'signed-out' ? { path: signIn, query: { returnTo: to.fullPath } } : access === 'granted';
  };

/** An element of `session-keeper/elements` in a template. */
type ElementInTemplate = DefineComponent<{ keeper?: Keeper | undefined }>;

declare module 'vue' {
  interface GlobalComponents {
    'session-gate': ElementInTemplate;
    'session-sign-in': ElementInTemplate;
    'session-status': ElementInTemplate;
  }
}
