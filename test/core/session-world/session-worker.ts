import type { Rejection } from './session-provider.ts';
import type { SessionMachine, SessionEffect } from '../../../src/core/session/session-types.ts';

/** One worker: its machine, and what is under way for it. Of an update's two workers both are lives of one world. */
export type SimulatedWorker = {
  readonly id: number;
  readonly slot: Slot;
  machine: SessionMachine;
  alive: boolean;
  /** The timer that the host has armed. */
  wake: { at: number; id: number } | undefined;
  /** The grant that is on its way, if any. */
  grant: { call: number; refresh: string | undefined } | undefined;
  /** What the token endpoint said to this worker's last grant, if it was no. */
  rejection: Rejection | undefined;
  /** When the last save of this worker will have been made: saves are made in the order in which they were asked for. */
  savesUntil: number;
  /** Since then the disk could not be read inside the lock, so this worker could not know what others wrote. */
  blind: boolean;
  /** Its store has failed it, so tokens may be in memory only. */
  storeFailed: boolean;
  /** It is being told what was read before the disk was erased. */
  outdated: boolean;
  /** Dies when it has passed this many boundaries more. */
  fuse: number;
  restartMs: number;
};

/** `old` is there from the start; `waiting` is the new worker of an update. */
export type Slot = 'old' | 'waiting';

/** Where a worker can die: before an effect, when its work is done but not known, and when its answer is known. */
export type Boundary = `${SessionEffect['type']} ${'before' | 'done' | 'after'}`;
