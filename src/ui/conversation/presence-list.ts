import { html, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel, Member } from '../../page/types/channel-types.ts';
import { deviceName } from '../../protocol/http/device-name.ts';
import { appStrings } from '../strings/app-strings.ts';

/** A device that has a channel open; `name` is empty if the device sent none. */
type Device = { id: string; self: boolean; name: string };

/** Another device's state may be any JSON. */
const deviceOf = ({ id, self, state }: Member): Device => {
  const name: unknown = typeof state === 'object' && state !== null ? Reflect.get(state, 'name') : undefined;
  return { id, self, name: typeof name === 'string' ? name.slice(0, 64) : '' };
};

/** Announces this device on each channel, and shows the other devices there. */
export class PresenceList {
  readonly #host: ReactiveControllerHost;
  #devices: ReadonlyMap<string, readonly Device[]> = new Map();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
  }

  /** Resolves when the channel is closed. */
  async join(name: string, channel: Channel): Promise<void> {
    const presence = channel.presence();
    presence.update({ name: deviceName(navigator.userAgent) });
    for await (const _change of presence) this.#show(name, presence.members.map(deviceOf));
    this.#show(name, []);
  }

  view(name: string): TemplateResult {
    return presenceView(this.#devices.get(name) ?? []);
  }

  #show(name: string, devices: readonly Device[]): void {
    this.#devices = new Map(this.#devices).set(name, devices);
    this.#host.requestUpdate();
  }
}

/** An empty line until the server has sent the members, so that nothing below it moves when they arrive. */
const presenceView = (devices: readonly Device[]): TemplateResult => {
  if (devices.length === 0) return html`<div class="here small"></div>`;
  const t = appStrings();
  return html`<div class="here small"><span class="soft" id="here">${t.hereNow}</span>
    <ul aria-labelledby="here">${repeat(
      devices,
      ({ id }) => id,
      ({ self, name }) => html`<li>${self ? t.thisDevice : name || t.anotherDevice}</li>`,
    )}</ul>
  </div>`;
};
