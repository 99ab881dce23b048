import { html, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel, Member } from '../../page/types/types.ts';
import { appStrings } from '../strings/app-strings.ts';

/** A device that has a channel open; `name` is '' where it has not said any. */
type Device = { id: string; self: boolean; name: string };

/** What a user agent's name shows of it, the first that fits: Edge calls itself Chrome too, and Chrome calls itself Safari. */
const BROWSERS = [
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const SYSTEMS = ['Android', 'iPhone', 'iPad', 'Windows', 'Macintosh', 'CrOS', 'Linux'] as const;

/** Such as "Firefox, Windows": what a person would call this device by. */
export const deviceName = (userAgent: string): string => {
  const browser = BROWSERS.find(([mark]) => userAgent.includes(mark))?.[1];
  const system = SYSTEMS.find((mark) => userAgent.includes(mark));
  return [browser, system].filter(Boolean).join(', ');
};

/** Anybody may say anything of themselves. */
const deviceOf = ({ id, self, state }: Member): Device => {
  const name: unknown = typeof state === 'object' && state !== null ? Reflect.get(state, 'name') : undefined;
  return { id, self, name: typeof name === 'string' ? name.slice(0, 64) : '' };
};

/** Says that this device has channels open, and shows who else has. */
export class PresenceList {
  readonly #host: ReactiveControllerHost;
  #devices: ReadonlyMap<string, readonly Device[]> = new Map();

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
  }

  /** Until the channel is closed. */
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

/** An empty line until the server has said who is here: what is below it does not move when it does. */
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
