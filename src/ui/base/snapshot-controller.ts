import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { statusOf } from './status.ts';

export type SnapshotHost = ReactiveControllerHost & { keeper: Keeper | undefined };

/**
 * Subscribes to the host's `keeper`, also when it is replaced, and renders the host for each new snapshot. A hidden page
 * renders only a change of the status, because thirty hidden tabs that render each counter cost thirty times the work.
 * Lit runs the host's `willUpdate` before `hostUpdate` of its controllers, so a host derives state from a snapshot in
 * `onSnapshot`, not in `willUpdate`.
 */
export class SnapshotController implements ReactiveController {
  /** `undefined` until the host has a keeper. */
  snapshot: Snapshot | undefined;
  readonly #host: SnapshotHost;
  readonly #onSnapshot: (snapshot: Snapshot) => void;
  #followed: Keeper | undefined;
  #unsubscribe: (() => void) | undefined;

  /** `onSnapshot` runs for every snapshot, also for those that arrive too fast to be rendered one by one. */
  constructor(host: SnapshotHost, onSnapshot: (snapshot: Snapshot) => void = () => undefined) {
    this.#host = host;
    this.#onSnapshot = onSnapshot;
    host.addController(this);
  }

  readonly #onVisibilityChange = (): void => {
    if (!document.hidden) this.#host.requestUpdate();
  };

  hostConnected(): void {
    document.addEventListener('visibilitychange', this.#onVisibilityChange);
    this.#follow(this.#host.keeper);
  }

  hostUpdate(): void {
    this.#follow(this.#host.keeper);
  }

  hostDisconnected(): void {
    document.removeEventListener('visibilitychange', this.#onVisibilityChange);
    this.#follow(undefined);
  }

  #follow(keeper: Keeper | undefined): void {
    if (keeper === this.#followed) return;
    this.#unsubscribe?.();
    this.#followed = keeper;
    this.#unsubscribe = keeper?.subscribe((snapshot) => {
      const before = statusOf(this.snapshot);
      this.snapshot = snapshot;
      this.#onSnapshot(snapshot);
      if (!document.hidden || before !== statusOf(snapshot)) this.#host.requestUpdate();
    });
  }
}
