import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Keeper } from '../page/types.ts';
import type { Snapshot } from '../protocol/snapshot.ts';

export type SnapshotHost = ReactiveControllerHost & { keeper: Keeper | undefined };

/**
 * Follows the host's `keeper`, whenever it is set or exchanged, and asks the host to render each new snapshot.
 * Note Lit's order: `willUpdate` of the host runs before `hostUpdate` of its controllers, so what a host derives
 * from a snapshot it derives in `received`, not in `willUpdate`.
 */
export class SnapshotController implements ReactiveController {
  /** `undefined` until a keeper is there. */
  snapshot: Snapshot | undefined;
  readonly #host: SnapshotHost;
  readonly #received: (snapshot: Snapshot) => void;
  #followed: Keeper | undefined;
  #unsubscribe: (() => void) | undefined;

  /** `received` hears every snapshot, also those that come too fast to be rendered one by one. */
  constructor(host: SnapshotHost, received: (snapshot: Snapshot) => void = () => undefined) {
    this.#host = host;
    this.#received = received;
    host.addController(this);
  }

  hostConnected(): void {
    this.#follow(this.#host.keeper);
  }

  hostUpdate(): void {
    this.#follow(this.#host.keeper);
  }

  hostDisconnected(): void {
    this.#follow(undefined);
  }

  #follow(keeper: Keeper | undefined): void {
    if (keeper === this.#followed) return;
    this.#unsubscribe?.();
    this.#followed = keeper;
    this.#unsubscribe = keeper?.subscribe((snapshot) => {
      this.snapshot = snapshot;
      this.#received(snapshot);
      this.#host.requestUpdate();
    });
  }
}
