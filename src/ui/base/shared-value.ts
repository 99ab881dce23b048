import type { ReactiveControllerHost } from 'lit';

/** One value that several elements show: whoever follows it renders again when it changes. */
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

  /** For as long as the host is in a document. */
  renderOnChange(host: ReactiveControllerHost): void {
    host.addController({
      hostConnected: () => this.#hosts.add(host),
      hostDisconnected: () => this.#hosts.delete(host),
    });
  }

  /** Calls `listener` after every change, for good. */
  subscribe(listener: () => void): void {
    this.#hosts.add({ requestUpdate: listener });
  }
}
