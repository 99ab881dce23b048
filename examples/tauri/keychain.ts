import type { NativeStore } from '../../src/page/types/types.ts';

/** `invoke` of `@tauri-apps/api/core`. */
export type Invoke = (command: string, args?: Record<string, unknown>) => Promise<unknown>;

/**
 * The three commands of `keychain.rs` as a native store. Nothing is checked here: the library reads back what it has
 * saved and compares, so that a command nobody registered is noticed and costs nothing.
 */
export const keychainOver = (invoke: Invoke): NativeStore => ({
  save: (record) => invoke('session_copy_save', { record }),
  load: () => invoke('session_copy_load'),
  clear: () => invoke('session_copy_clear'),
});
