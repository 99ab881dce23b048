import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { statusOf } from './status.ts';

export type SnapshotHost = ReactiveControllerHost & { keeper: Keeper | undefined };

/**
 * Follows the host's `keeper`, whenever it is set or exchanged, and asks the host to render each new snapshot; while the
 * page is hidden, only one that changes the status, for thirty tabs that count what comes in are thirty tabs at work.
 * Note Lit's order: `willUpdate` of the host runs before `hostUpdate` of its controllers, so what a host derives
 * from a snapshot it derives in `received`, not in `willUpdate`.
 */
export class SnapshotController implements ReactiveController {
  /** `undefined` until a keeper is there. */
  snapshot: Snapshot | undefined;
  readonly #host: SnapshotHost;
  readonly #onSnapshot: (snapshot: Snapshot) => void;
  #followed: Keeper | undefined;
  #unsubscribe: (() => void) | undefined;

  /** `received` hears every snapshot, also those that come too fast to be rendered one by one. */
  constructor(host: SnapshotHost, received: (snapshot: Snapshot) => void = () => undefined) {
    this.#host = host;
    this.#onSnapshot = received;
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
