import type { NativeStore } from 'session-keeper';

/** `invoke` of `@tauri-apps/api/core`. */
export type Invoke = (command: string, args?: Record<string, unknown>) => Promise<unknown>;

/**
 * The three commands of `keychain.rs` as a native store. It checks nothing itself: the library reads each record back and
 * compares it, so it detects an unregistered command, and the session continues without the copy.
 */
export const keychainOver = (invoke: Invoke): NativeStore => ({
  save: (record) => invoke('session_copy_save', { record }),
  load: () => invoke('session_copy_load'),
  clear: () => invoke('session_copy_clear'),
});
