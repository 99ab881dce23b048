import { getContext, setContext } from 'svelte';
import type { HTMLAttributes } from 'svelte/elements';
import type { Keeper } from '../page/types/types.ts';
import type { SessionView } from '../protocol/snapshot.ts';
import { accessOf, type Access, type AccessOptions } from './access.ts';
import type { KeeperActions, KeeperSource } from './keeper-source.ts';

export { isSignedIn, rolesOf, settledAccess, type Access, type AccessOptions } from './access.ts';
export { createKeeperSource, type KeeperActions, type KeeperOrOptions, type KeeperSource } from './keeper-source.ts';

/** A store of Svelte (https://svelte.dev/docs/svelte/stores#Store-contract): read it as `$session`. */
export type ReadableStore<T> = { subscribe(run: (value: T) => void): () => void };

const KEY = Symbol.for('session-keeper');

/**
 * Gives the keeper to the component that calls it and to all below it. Call it in the root component or layout.
 *
 * @example
 * import { createKeeperSource, setKeeper } from 'session-keeper/svelte';
 * setKeeper(createKeeperSource({ worker: '/sw.js' }));
 */
export const setKeeper = (source: KeeperSource): KeeperActions => setContext(KEY, source);

const useSource = (): KeeperSource => {
  const source = getContext<KeeperSource | undefined>(KEY);
  if (!source) throw new Error('Call setKeeper(source) in a component above this one.');
  return source;
};

/**
 * The actions of the keeper: `signIn`, `signOut`, `fetch` and others. They connect first.
 *
 * @example
 * import { useKeeper } from 'session-keeper/svelte';
 * export const signOut = () => useKeeper().signOut();
 */
export const useKeeper = (): KeeperActions => useSource();

const storeOf = <T>(source: KeeperSource, value: () => T): ReadableStore<T> => ({
  subscribe(run) {
    run(value());
    // On a server, Svelte reads the first value only.
    return typeof document === 'undefined' ? () => undefined : source.subscribe(() => run(value()));
  },
});

/**
 * The session, as a store.
 *
 * @example
 * import { useSession } from 'session-keeper/svelte';
 * const session = useSession(); // {#if $session.state === 'signed-out'} … {/if}
 */
export const useSession = (): ReadableStore<SessionView> => {
  const source = useSource();
  return storeOf(source, source.session);
};

/**
 * What the user may see, as a store: `wait`, `granted`, `signed-out`, or `forbidden` without the role.
 *
 * @example
 * import { useAccess } from 'session-keeper/svelte';
 * const access = useAccess({ role: 'admin' }); // {#if $access === 'granted'} … {:else if $access === 'wait'} … {/if}
 */
export const useAccess = (options: AccessOptions = {}): ReadableStore<Access> => {
  const source = useSource();
  return storeOf(source, () => accessOf(source.session(), options));
};

/** An element of `session-keeper/elements` in a component. */
type ElementAttributes = HTMLAttributes<HTMLElement> & { keeper?: Keeper | undefined };

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'session-gate': ElementAttributes;
    'session-sign-in': ElementAttributes;
    'session-status': ElementAttributes;
  }
}
