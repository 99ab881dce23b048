import type { ReactiveController, ReactiveControllerHost } from 'lit';

const TICK_MS = 1000;

const hosts = new Set<ReactiveControllerHost>();
let timer: ReturnType<typeof setInterval> | undefined;

const tick = (): void => {
  if (!document.hidden) for (const host of hosts) host.requestUpdate();
};

/** Renders its host once a second. All elements share one timer, which does nothing while the page is hidden. */
export class ClockController implements ReactiveController {
  readonly #host: ReactiveControllerHost;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** Milliseconds since the Unix epoch. */
  get now(): number {
    return Date.now();
  }

  hostConnected(): void {
    hosts.add(this.#host);
    timer ??= setInterval(tick, TICK_MS);
  }

  hostDisconnected(): void {
    hosts.delete(this.#host);
    if (hosts.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }
}
