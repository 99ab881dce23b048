import type { ReactiveControllerHost } from 'lit';

/** One value that several elements show. A change renders each of them. */
export class SharedValue<T> {
  readonly #hosts = new Set<{ requestUpdate(): void }>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (value === this.#value) return;
    this.#value = value;
    for (const host of this.#hosts) host.requestUpdate();
  }

  /** Renders `host` on every change, for as long as it is in a document. */
  renderOnChange(host: ReactiveControllerHost): void {
    host.addController({
      hostConnected: () => this.#hosts.add(host),
      hostDisconnected: () => this.#hosts.delete(host),
    });
  }

  /** Calls `listener` after every change. There is no way to stop it. */
  subscribe(listener: () => void): void {
    this.#hosts.add({ requestUpdate: listener });
  }
}
