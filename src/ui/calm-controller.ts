import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Snapshot } from '../protocol/snapshot.ts';
import { settle, statusOf, type Calm, type Status } from './status.ts';
import { Ticker } from './ticker.ts';

/** The status to show, which says nothing of trouble that is over within seconds (`settle`). */
export class CalmController implements ReactiveController {
  readonly #snapshot: () => Snapshot | undefined;
  readonly #ticker: Ticker;
  #calm: Calm = { shown: 'starting' };

  constructor(host: ReactiveControllerHost, snapshot: () => Snapshot | undefined) {
    this.#snapshot = snapshot;
    this.#ticker = new Ticker(host);
    host.addController(this);
  }

  get shown(): Status {
    return this.#calm.shown;
  }

  hostUpdate(): void {
    this.#calm = settle(this.#calm, statusOf(this.#snapshot()), this.#ticker.now);
  }
}
