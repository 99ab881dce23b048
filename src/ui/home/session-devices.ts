import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import type { Keeper } from '../../page/types/types.ts';
import { SESSION_LIST, type ListedSession } from '../../protocol/http/sessions.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import { announce } from '../base/announcements.ts';
import { customElement } from '../base/custom-element.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { loadOffer, offer } from '../base/offer.ts';
import { signedInSession } from '../base/status.ts';
import { icon } from '../look/icons.ts';
import { MORE_ICONS } from '../look/more-icons.ts';
import { appStrings, loadAppStrings } from '../strings/app-strings.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { fromNow } from '../text/time.ts';

await loadAppStrings();

/** `undefined`: the server did not answer, or with something else. */
const loadSessions = async (keeper: Keeper, path: string): Promise<readonly ListedSession[] | undefined> => {
  try {
    const response = await keeper.fetch(path);
    return response.ok ? SESSION_LIST.read(parseJson(await response.text()))?.sessions : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The sessions of the person on all devices, with a button that signs out each of the others. It is empty on a server that
 * has no such list (`sessions` in `/offer.json`).
 *
 * @csspart card - the surface
 *
 * @example <session-devices></session-devices>
 */
@customElement('session-devices')
export class SessionDevices extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      .card { padding-block: .25rem; }
      li { display: flex; gap: .75rem; align-items: center; padding-block: .625rem; min-block-size: 3.25rem; }
      li + li { border-block-start: 1px solid var(--_line); }
      .icon { color: var(--_soft); }
      .what { flex: 1; min-inline-size: 0; overflow-wrap: anywhere; }
      .name { font-size: .9375rem; font-weight: 500; }
      .this { margin-inline-start: .5rem; padding: .0625rem .5rem; border-radius: 1rem; background: var(--_sunken); font-size: .75rem; font-weight: 500; white-space: nowrap; }
      li button { min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
    `,
  ];

  @state() private sessions: readonly ListedSession[] | undefined;
  @state() private trouble = '';
  @state() private ending = '';
  /** The keeper, user and path for which the list was loaded. */
  #loadedFor = '';

  constructor() {
    super();
    offer.renderOnChange(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#again);
    addEventListener('hashchange', this.#again);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#again);
    removeEventListener('hashchange', this.#again);
  }

  /** Another device may have signed in or out while this page was not looked at. */
  readonly #again = (): void => {
    if (document.hidden) return;
    this.#loadedFor = '';
    this.requestUpdate();
  };

  protected override updated(_changed: PropertyValues): void {
    const { keeper, snapshot } = this;
    const session = signedInSession(snapshot?.session);
    if (!session) {
      // the next person at this browser may not see the devices of the last one
      this.sessions = undefined;
      this.#loadedFor = '';
      return;
    }
    // Before the backend has proven the session to this page, the answer may be a refusal.
    const isProven = (session.verifiedAt ?? 0) >= performance.timeOrigin;
    if (!keeper || !snapshot?.online || !isProven || document.hidden || !this.checkVisibility()) return;
    void loadOffer(keeper);
    const path = offer.value?.sessions;
    const wanted = `${path} ${session.user?.sub}`;
    if (path === undefined || wanted === this.#loadedFor) return;
    this.#loadedFor = wanted;
    void this.#load(keeper, path);
  }

  async #load(keeper: Keeper, path: string): Promise<void> {
    const found = await loadSessions(keeper, path);
    // an older list is better than none
    if (found) this.sessions = found;
  }

  async #end({ id, name }: ListedSession): Promise<void> {
    const { keeper } = this;
    const path = offer.value?.sessions;
    if (!keeper || path === undefined || this.ending !== '') return;
    this.ending = id;
    const response = await keeper
      .fetch(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' })
      .catch(() => undefined);
    this.ending = '';
    const t = appStrings();
    // 404: it is over already
    const isOver = response !== undefined && (response.ok || response.status === 404);
    this.trouble = isOver ? '' : t.endFailed;
    if (isOver) announce(t.deviceEnded(name || t.anotherDevice));
    await this.#load(keeper, path);
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const { sessions } = this;
    if (!sessions || sessions.length === 0) return html`${nothing}`;
    return html`<section class="stack" aria-labelledby="title">
      <h2 id="title">${t.devices}</h2>
      <ul class="card" part="card">${sessions.map((session) => html`<li>${this.#row(session)}</li>`)}</ul>
      <div role="alert">${this.trouble}</div>
    </section>`;
  }

  #row(session: ListedSession): TemplateResult {
    const t = appStrings();
    const name = session.name || t.unknownDevice;
    const seen = session.current ? t.activeNow : t.lastSeen(fromNow(session.seenAt, Date.now()));
    return html`${icon(MORE_ICONS.device)}
      <div class="what"><p class="name">${name}${session.current ? html`<span class="this">${t.thisOne}</span>` : nothing}</p>
        <p class="soft small">${labelFor(strings().kind, session.kind)} · ${seen}</p></div>
      ${
        session.current
          ? nothing
          : html`<button aria-label=${t.signOutDevice(name)} aria-disabled=${this.ending !== ''} @click=${() => this.#end(session)}>${t.signOut}</button>`
      }`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-devices': SessionDevices;
  }
}
