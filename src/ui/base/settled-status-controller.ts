import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { settle, type Calm, type Status } from './status.ts';
import { Ticker } from './clock-controller.ts';

/** The status to show, which says nothing of trouble that is over within seconds (`settle`). */
export class CalmController implements ReactiveController {
  readonly #status: () => Status;
  readonly #ticker: Ticker;
  #calm: Calm = { shown: 'starting' };

  constructor(host: ReactiveControllerHost, status: () => Status) {
    this.#status = status;
    this.#ticker = new Ticker(host);
    host.addController(this);
  }

  get shown(): Status {
    return this.#calm.shown;
  }

  hostUpdate(): void {
    this.#calm = settle(this.#calm, this.#status(), this.#ticker.now);
  }
}
