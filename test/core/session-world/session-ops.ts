import { generationOf } from '../../../src/core/session/session-transitions.ts';
import type { Challenge } from '../../../src/core/unauthorized-challenge.ts';
import type { SimulatedWorker, Slot } from './session-worker.ts';
import type { ProviderMode, ResourceMode } from './session-provider.ts';
import type { World } from './session-world.ts';

/** What can happen to the browser, the provider and the user, in any order. */
export type Op =
  | { op: 'advance'; ms: number }
  | { op: 'request'; slot: Slot }
  | { op: 'abandon'; slot: Slot }
  /** The backend answers 401 for a token that is `back` generations old. */
  | { op: 'refuse'; slot: Slot; back: number; challenge: Challenge }
  /** A replay with the newest token got a 401 too. */
  | { op: 'refuse-again'; slot: Slot }
  | { op: 'backend'; refusesAll: boolean }
  | { op: 'proxy'; redirects: boolean }
  | { op: 'expire-access' }
  | { op: 'revoke' }
  | { op: 'network'; up: boolean }
  | { op: 'cut' }
  | { op: 'provider'; mode: ProviderMode }
  | { op: 'lose'; answers: number }
  | { op: 'store'; readable: boolean; writable: boolean; slowMs: number }
  /** A page's script deletes the database. Each running worker gets the event. */
  | { op: 'erase' }
  | { op: 'clock'; jumpMs: number }
  /** The worker dies at its `fuse`-th boundary from now. The browser starts it again `restartMs` later. */
  | { op: 'kill'; slot: Slot; fuse: number; restartMs: number }
  | { op: 'update' }
  | { op: 'sign-in'; slot: Slot; kind: 'password' | 'ticket' }
  | { op: 'sign-out'; slot: Slot }
  | { op: 'tab'; slot: Slot }
  /** A page offers a copy of the session that it has kept. */
  | { op: 'restored'; slot: Slot }
  | { op: 'record-changed'; slot: Slot }
  | { op: 'nudge'; slot: Slot; cause: 'online' | 'visible' | 'thaw' | 'user' }
  | { op: 'suspect'; slot: Slot; back: number }
  | { op: 'request-resource'; slot: Slot; resource: string }
  | { op: 'resources'; mode: ResourceMode };

const isSigningIn = ({ machine }: SimulatedWorker): boolean =>
  machine.signIns.length > 0 || machine.state.state === 'establishing';

/** A user does one thing at a time: no sign-in or sign-out here while a sign-in runs on another worker's page. */
const isBusyElsewhere = (world: World, here: SimulatedWorker): boolean =>
  world.workers.some((worker) => worker !== here && isSigningIn(worker));

/** The worker in this slot, else any running worker. */
const pick = (world: World, slot: Slot): SimulatedWorker | undefined => world.workerIn(slot) ?? world.workers[0];

export const apply = (world: World, op: Op): void => {
  if (applyToWorld(world, op) || !('slot' in op)) return;
  const worker = pick(world, op.slot);
  if (worker) applyToWorker(world, worker, op);
};

const applyToWorld = (world: World, op: Op): boolean => {
  switch (op.op) {
    case 'advance':
      world.time.advance(op.ms);
      return true;
    case 'backend':
      world.refusesAll = op.refusesAll;
      return true;
    case 'proxy':
      world.redirects = op.redirects;
      return true;
    case 'expire-access':
      world.provider.expireAccess();
      return true;
    case 'revoke':
      for (const family of world.provider.families) family.ended ??= 'revoked';
      return true;
    case 'network':
      world.networkUp = op.up;
      if (!op.up) world.cut();
      return true;
    case 'cut':
      world.cut();
      return true;
    case 'provider':
      world.provider.mode = op.mode;
      return true;
    case 'resources':
      world.provider.resourceMode = op.mode;
      return true;
    case 'lose':
      world.toLose = op.answers;
      return true;
    case 'store':
      Object.assign(world.disk, { readable: op.readable, writable: op.writable, slowMs: op.slowMs });
      return true;
    case 'erase':
      world.disk.erase();
      for (const worker of [...world.workers]) world.dispatch(worker, { type: 'erased' });
      return true;
    case 'clock':
      world.skewMs += op.jumpMs;
      world.clockWentBack ||= op.jumpMs < 0;
      return true;
    case 'update':
      if (!world.workerIn('waiting')) world.start('waiting');
      return true;
    default:
      return false;
  }
};

const applyToWorker = (world: World, worker: SimulatedWorker, op: Op & { slot: Slot }): void => {
  switch (op.op) {
    case 'request':
      return void world.request(worker);
    case 'request-resource':
      return void world.request(worker, op.resource);
    case 'abandon':
      return world.abandon(worker);
    case 'refuse':
      return void world.refuse(worker, generationOf(worker.machine.state) - op.back, op.challenge);
    case 'refuse-again':
      return world.dispatch(worker, { type: 'refused-again', generation: generationOf(worker.machine.state) });
    case 'kill':
      worker.fuse = op.fuse;
      worker.restartMs = op.restartMs;
      return op.fuse === 0 ? world.kill(worker) : undefined;
    case 'sign-in':
      return void (isBusyElsewhere(world, worker) || world.order(worker, { type: 'sign-in', kind: op.kind }));
    case 'sign-out':
      return void (isBusyElsewhere(world, worker) || world.order(worker, { type: 'sign-out' }));
    case 'tab':
      return world.dispatch(worker, { type: 'tab-arrived' });
    case 'restored':
      return world.dispatch(worker, { type: 'restored' });
    case 'record-changed':
      return world.dispatch(worker, { type: 'record-changed' });
    case 'nudge':
      return world.dispatch(worker, { type: 'nudge', cause: op.cause });
    case 'suspect':
      return world.dispatch(worker, { type: 'suspected', generation: generationOf(worker.machine.state) - op.back });
  }
};
