import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { settleStatus, type SettledStatus, type Status } from './status.ts';
import { ClockController } from './clock-controller.ts';

/** The status to show. Trouble that is over within seconds never shows (`settleStatus`). */
export class SettledStatusController implements ReactiveController {
  readonly #status: () => Status;
  readonly #clock: ClockController;
  #settled: SettledStatus = { shown: 'starting' };

  constructor(host: ReactiveControllerHost, status: () => Status) {
    this.#status = status;
    this.#clock = new ClockController(host);
    host.addController(this);
  }

  get shown(): Status {
    return this.#settled.shown;
  }

  hostUpdate(): void {
    this.#settled = settleStatus(this.#settled, this.#status(), this.#clock.now);
  }
}
