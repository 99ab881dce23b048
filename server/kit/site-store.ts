import type { Storage } from '../storage/storage.ts';

/** Where the kit keeps tickets, topics and presence. */
export type SiteStore = Storage & {
  /**
   * Writes what is left, and gives the folder free. Close the hub first.
   *
   * @example
   * import { memoryStore } from 'session-keeper/server';
   * const store = memoryStore();
   * await store.close();
   */
  close(): Promise<void>;
};
