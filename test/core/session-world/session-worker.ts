import type { Rejection } from './session-provider.ts';
import type { SessionMachine, SessionEffect } from '../../../src/core/session/session-types.ts';

/** One run of a service worker: its machine and its pending work. During an update the world has two. */
export type SimulatedWorker = {
  readonly id: number;
  readonly slot: Slot;
  machine: SessionMachine;
  alive: boolean;
  /** The armed timer. */
  wake: { at: number; id: number } | undefined;
  /** The pending token request. */
  grant: { call: number; refresh: string | undefined } | undefined;
  /** Why the token endpoint rejected this worker's last request, if it did. */
  rejection: Rejection | undefined;
  /** When this worker's last save ends. Saves run in the order of their requests. */
  savesUntil: number;
  /** The last read inside the lock failed, so this worker does not know what other workers wrote. */
  blind: boolean;
  /** A write of this worker failed, so its tokens may be in memory only. */
  storeFailed: boolean;
  /** It is handling a record that it read before the disk was erased. */
  outdated: boolean;
  /** How many boundaries it passes before it dies; 0 for no limit. */
  fuse: number;
  restartMs: number;
};

/** `old` runs from the start; `waiting` is the new worker of an update. */
export type Slot = 'old' | 'waiting';

/** Where a worker can die: before an effect, after its work but before the answer, and after the answer. */
export type Boundary = `${SessionEffect['type']} ${'before' | 'done' | 'after'}`;
