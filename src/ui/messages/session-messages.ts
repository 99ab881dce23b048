import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel, Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce, unread } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import * as talking from './conversation.ts';
import { PresenceList } from './presence-list.ts';
import { loadHistory } from './history.ts';
import { itemView, type ItemContext } from './item.ts';
import { clearConversations, loadConversations, saveConversations } from './conversation-store.ts';
import { messagesStyles } from './styles.ts';
import { strings } from '../strings/strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { displayName, signedInSession } from '../base/status.ts';
import type { AppStrings } from '../strings/app-en.ts';

await loadAppStrings();

const isVisible = (element: Element): boolean => !document.hidden && element.checkVisibility();

/** What an empty conversation says: never that there are no messages before the server has said so. */
const EMPTY: Readonly<Record<talking.HistoryState, (t: AppStrings) => string>> = {
  unknown: () => '',
  asked: () => '',
  known: (t) => t.noMessages,
  unreachable: (t) => t.messagesLater,
};

/** Close enough to the end of the list to be kept there when something arrives. */
const AT_THE_END_PX = 48;

/**
 * Messages to all tabs and devices of a person, by channels: what is unread, and how far each own message has come.
 * They can be sent without a network, and go out when it is back.
 *
 * @csspart card - the surface
 */
@customElement('session-messages')
export class SessionMessages extends KeeperElement {
  static override styles = [KeeperElement.styles, messagesStyles];

  /** The channels that are there from the beginning, separated by spaces. */
  @property() channels = 'general ideas';
  /** Below it the server tells what it keeps of a channel (server/realtime/history-routes.ts): `<history><channel>/events`. */
  @property() history = '/api/v1/topics/';
  @state() private conversations: readonly talking.Conversation[] = [];
  @state() private open = '';
  @query('.list') private readonly list!: HTMLElement;
  @query('.composer input') private readonly input!: HTMLInputElement;
  readonly #joined = new Map<string, Channel>();
  readonly #presence = new PresenceList(this);
  #joinedWith: Keeper | undefined;
  /** Whose conversations these are, if the backend has said so. */
  #sub: string | undefined;
  #connection: 'up' | 'down' = 'down';
  #atTheEnd = true;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#onVisible);
    addEventListener('hashchange', this.#onVisible);
    addEventListener('pagehide', this.#save);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#onVisible);
    removeEventListener('hashchange', this.#onVisible);
    removeEventListener('pagehide', this.#save);
    this.#leave();
  }

  readonly #save = (): void => {
    if (this.#sub !== undefined) saveConversations(this.#sub, this.conversations);
  };

  /** What came for somebody who has left is not kept for whoever comes next. */
  protected override onSnapshot({ session }: Snapshot): void {
    const before = this.#connection;
    this.#connection = this.#live ? 'up' : 'down';
    if (before === 'down' && this.#live) this.#catchUp();
    if (session.state !== 'signed-out' || session.reason !== 'user') return;
    clearConversations();
    if (this.#joinedWith) this.#leave();
  }

  /** The past of those conversations that could not be had without a connection. */
  #catchUp(): void {
    for (const { channel, history } of this.conversations)
      if (history === 'unreachable') void this.#loadHistory(channel);
  }

  #leave(): void {
    for (const channel of this.#joined.values()) channel.close();
    this.#joined.clear();
    this.#joinedWith = undefined;
    this.#sub = undefined;
    this.conversations = [];
    this.open = '';
    unread.value = 0;
  }

  /** Joins when it is first shown: nobody pays for channels that nobody has ever looked at. */
  readonly #onVisible = (): void => {
    if (!isVisible(this)) return;
    const session = this.snapshot && signedInSession(this.snapshot.session);
    if (this.keeper && session && this.keeper !== this.#joinedWith) {
      this.#joinedWith = this.keeper;
      this.#sub = session.user?.sub;
      const remembered = this.#sub === undefined ? [] : loadConversations(this.#sub, Date.now());
      for (const talk of remembered) this.#join(talk);
      for (const name of this.channels.split(/\s+/).filter(Boolean)) this.#join(talking.emptyConversation(name));
      // what a former document did not see delivered may be in nobody's hands
      for (const talk of remembered)
        for (const data of talking.undelivered(talk)) void this.#publish(talk.channel, data);
    }
    if (this.#joinedWith) this.#change(this.open, talking.markRead);
  };

  #join(talk: talking.Conversation): void {
    const name = talk.channel;
    if (!this.keeper || this.#joined.has(name)) return;
    const channel = this.keeper.channel(name);
    this.#joined.set(name, channel);
    this.conversations = [...this.conversations, talk];
    this.open ||= name;
    void this.#listen(name, channel);
    void this.#presence.join(name, channel);
    void this.#loadHistory(name);
  }

  /** Asks the server for what was said before. */
  async #loadHistory(name: string): Promise<void> {
    const { keeper } = this;
    if (!keeper) return;
    this.#change(name, (talk) => ({ ...talk, history: 'asked' }));
    const history = await loadHistory(keeper, this.history, name);
    this.#change(name, (talk) =>
      history ? talking.withHistory(talk, history, Date.now()) : { ...talk, history: 'unreachable' },
    );
  }

  async #listen(name: string, channel: Channel): Promise<void> {
    for await (const event of channel.events()) {
      if (event.type !== 'message' && event.type !== 'gap') continue;
      const seen = name === this.open && isVisible(this);
      const talk = this.#find(name);
      const before = talk?.items.length;
      const isAfterHole = event.type === 'gap' || (talk && talking.isAfterHole(talk, event.offset));
      this.#change(name, (known) => talking.withEvent(known, event, Date.now(), seen));
      if (isAfterHole) void this.#loadHistory(name);
      const last = this.#find(name)?.items.at(-1);
      if (this.#find(name)?.items.length === before || last?.type !== 'theirs') continue;
      announce(seen ? last.data.text : appStrings().arrived(unread.value));
    }
  }

  #find(name: string): talking.Conversation | undefined {
    return this.conversations.find(({ channel }) => channel === name);
  }

  #change(name: string, change: (talk: talking.Conversation) => talking.Conversation): void {
    this.conversations = this.conversations.map((talk) => (talk.channel === name ? change(talk) : talk));
    unread.value = this.conversations.reduce((sum, talk) => sum + talk.unread, 0);
  }

  #choose(name: string): void {
    this.open = name;
    this.#atTheEnd = true;
    this.#change(name, talking.markRead);
  }

  #send(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const text = new FormData(form).get('text');
    if (typeof text !== 'string' || text.trim() === '') return;
    form.reset();
    const session = this.snapshot && signedInSession(this.snapshot.session);
    const id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join('');
    const data = { id, text, from: (session && displayName(session)) ?? '', at: Date.now() };
    this.#atTheEnd = true;
    this.#change(this.open, (talk) => talking.withPending(talk, data));
    void this.#publish(this.open, data);
  }

  /** Always under its own id, so that the server has it once. A tab that crashes hides no page: it is remembered now. */
  async #publish(name: string, data: talking.MessageData): Promise<void> {
    this.#save();
    const result = await this.#joined.get(name)?.publish(data, { id: data.id });
    if (!result) return;
    this.#change(name, (talk) => talking.withResult(talk, data.id, result));
    this.#save();
  }

  #retry(data: talking.MessageData): void {
    // the button goes, and what has the focus with it
    this.list.focus();
    this.#change(this.open, (talk) => talking.withRetry(talk, data.id));
    void this.#publish(this.open, data);
  }

  #newChannel(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const name = new FormData(form).get('name');
    if (typeof name !== 'string' || name.trim() === '') return;
    form.reset();
    this.renderRoot.querySelector<HTMLDetailsElement>('.more')?.removeAttribute('open');
    this.#join(talking.emptyConversation(name.trim()));
    this.#choose(name.trim());
    this.input.focus();
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    this.#atTheEnd = scrollHeight - scrollTop - clientHeight < AT_THE_END_PX;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('keeper') || !this.#joinedWith) this.#onVisible();
    if (this.#atTheEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${strings().messages}</h1>
      <p class="soft">${t.messagesLead}</p>
      <div class="card room" part="card">${this.#channels()}
        <div class="talk">${this.#conversation()}${this.#composer()}</div>
      </div>
    </section>`;
  }

  #channels(): TemplateResult {
    const t = appStrings();
    return html`<div class="channels" role="group" aria-label=${t.channels}>
      <ul>${this.conversations.map(
        ({ channel, unread: count }) => html`<li>
        <button class="channel" aria-pressed=${channel === this.open} @click=${() => {
          this.#choose(channel);
        }}><span>${channel}</span>${count > 0 ? html`<span class="count numbers" role="img" aria-label=${strings().unread(count)}>${count}</span>` : nothing}</button>
      </li>`,
      )}</ul>
      <details class="more"><summary>${t.newChannel}</summary>
        <form @submit=${this.#newChannel}>
          <label>${t.channelName} <input name="name" maxlength="64" autocomplete="off" autocapitalize="none" required /></label>
          <button>${t.join}</button>
        </form>
      </details>
      ${this.#presence.view(this.open)}
    </div>`;
  }

  #conversation(): TemplateResult {
    const t = appStrings();
    const { items, history } = this.#find(this.open) ?? talking.emptyConversation(this.open);
    if (items.length === 0) return html`<div class="list"><p class="empty">${EMPTY[history](t)}</p></div>`;
    const session = this.snapshot && signedInSession(this.snapshot.session);
    const around: ItemContext = {
      self: session && displayName(session),
      live: this.#live,
      retry: (data) => {
        this.#retry(data);
      },
    };
    return html`<ol class="list" tabindex="0" aria-label=${t.messagesIn(this.open)} @scroll=${this.#scrolled}>
      ${repeat(
        items,
        (item) => item.key,
        (item) => itemView(item, around),
      )}</ol>`;
  }

  get #live(): boolean {
    return Object.values(this.snapshot?.sockets ?? {}).some((socket) => socket.state === 'open');
  }

  #composer(): TemplateResult {
    const t = appStrings();
    return html`<div class="composer">
      <form @submit=${this.#send}>
        <label><span class="unseen">${t.message}</span><input name="text" placeholder=${t.messageTo(this.open)} dir="auto" autocomplete="off" required /></label>
        <button class="primary">${t.send}</button>
      </form>
      ${this.#live ? nothing : html`<p class="soft small">${t.waitsForNetwork}</p>`}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-messages': SessionMessages;
  }
}
