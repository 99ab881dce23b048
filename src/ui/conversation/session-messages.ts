import { html, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { Channel } from '../../page/types/channel-types.ts';
import type { Keeper } from '../../page/types/types.ts';
import { newId } from '../../protocol/ids.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce, unread } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import {
  emptyConversation,
  isAfterGap,
  markRead,
  undelivered,
  withEvent,
  withHistory,
  withPending,
  withResult,
  withRetry,
  type Conversation,
  type MessageData,
} from './conversation.ts';
import { PresenceList } from './presence-list.ts';
import { loadHistory } from './history.ts';
import { channelList, drawerButton, type ChannelList } from './channel-list.ts';
import { composerView, conversationView } from './conversation-view.ts';
import { clearConversations, loadConversations, saveConversations } from './conversation-store.ts';
import { messagesStyles } from './styles.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';
import { displayName, signedInSession } from '../base/status.ts';

await loadAppStrings();
const isVisible = (element: Element): boolean => !document.hidden && element.checkVisibility();

/** The text of the submitted form's field; empty if it is blank. Clears the form. */
const takeField = (event: SubmitEvent, name: string): string => {
  event.preventDefault();
  if (!(event.target instanceof HTMLFormElement)) return '';
  const value = new FormData(event.target).get(name);
  if (typeof value !== 'string' || value.trim() === '') return '';
  event.target.reset();
  return value;
};

/** A list that is scrolled this close to its end stays at the end when a message arrives. */
const AT_THE_END_PX = 48;

/**
 * Messages between all tabs and devices of a user, by channel, with the unread count and the delivery of each own message.
 * A message can be written without a network; it is sent once the network is back.
 *
 * @csspart card - the surface
 *
 * @example <session-messages channels="general ideas"></session-messages>
 */
@customElement('session-messages')
export class SessionMessages extends KeeperElement {
  static override styles = [KeeperElement.styles, messagesStyles];

  /** The channels to begin with, separated by spaces. */
  @property() channels = 'general ideas';
  /** Prefix of the history URL, `<history><channel>/events`, as in server/api-routes.ts. */
  @property() history = '/api/v1/topics/';
  @state() private conversations: readonly Conversation[] = [];
  @state() private open = '';
  /** What the person typed to find a channel. */
  @state() private wanted = '';
  @query('.list') private readonly list!: HTMLElement;
  @query('.composer input') private readonly input!: HTMLInputElement;
  readonly #joined = new Map<string, Channel>();
  readonly #presence = new PresenceList(this);
  #joinedWith: Keeper | undefined;
  /** The user whose conversations these are, once the backend has named the user. */
  #sub: string | undefined;
  /** The name of the session that this tab showed when it joined. */
  #account = '';
  #wasLive = false;
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

  /** The next person at this browser may not read the messages of the last one. */
  protected override onSnapshot({ session, sessionName = '' }: Snapshot): void {
    if (this.#live && !this.#wasLive) this.#retryHistories();
    this.#wasLive = this.#live;
    if (session.state === 'signed-out' && session.reason === 'user') {
      clearConversations();
      if (this.#joinedWith) this.#leave();
    }
    const signedIn = signedInSession(session);
    if (!signedIn || !this.#joinedWith) return;
    const sub = signedIn.user?.sub ?? this.#sub;
    if (sessionName === this.#account && sub === (this.#sub ?? sub)) return;
    // The tab shows another account now, or another person has signed in over the page.
    this.#leave();
    queueMicrotask(this.#onVisible);
  }

  /** Loads the histories that failed to load without a connection. */
  #retryHistories(): void {
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
    this.wanted = '';
    unread.value = 0;
  }

  /** Joins the channels when the element is first visible, so a page that is never opened costs nothing. */
  readonly #onVisible = (): void => {
    if (!isVisible(this)) return;
    const session = this.snapshot && signedInSession(this.snapshot.session);
    if (this.keeper && session && this.keeper !== this.#joinedWith) {
      this.#joinedWith = this.keeper;
      this.#sub = session.user?.sub;
      this.#account = this.snapshot?.sessionName ?? '';
      const saved = this.#sub === undefined ? [] : loadConversations(this.#sub, Date.now());
      for (const conversation of saved) this.#join(conversation);
      for (const name of this.channels.split(/\s+/).filter(Boolean)) this.#join(emptyConversation(name));
      // a document that was reloaded before an acknowledgement cannot know whether the worker had taken its message
      for (const conversation of saved)
        for (const data of undelivered(conversation)) void this.#publish(conversation.channel, data);
    }
    if (this.#joinedWith) this.#change(this.open, markRead);
  };

  #join(conversation: Conversation): void {
    const name = conversation.channel;
    if (!this.keeper || this.#joined.has(name)) return;
    const channel = this.keeper.channel(name);
    this.#joined.set(name, channel);
    this.conversations = [...this.conversations, conversation];
    this.open ||= name;
    void this.#listen(name, channel);
    void this.#presence.join(name, channel);
    void this.#loadHistory(name);
  }

  /** Loads the channel's earlier messages. */
  async #loadHistory(name: string): Promise<void> {
    const { keeper } = this;
    if (!keeper) return;
    this.#change(name, (known) => ({ ...known, history: 'loading' }));
    const history = await loadHistory(keeper, this.history, name);
    this.#change(name, (known) =>
      history ? withHistory(known, history, Date.now()) : { ...known, history: 'unreachable' },
    );
  }

  async #listen(name: string, channel: Channel): Promise<void> {
    for await (const event of channel.events()) {
      if (event.type !== 'message' && event.type !== 'gap') continue;
      const seen = name === this.open && isVisible(this);
      const before = this.#find(name);
      const hasGap = event.type === 'gap' || (before && isAfterGap(before, event.offset));
      this.#change(name, (known) => withEvent(known, event, Date.now(), seen));
      if (hasGap) void this.#loadHistory(name);
      const items = this.#find(name)?.items;
      const last = items?.at(-1);
      if (items?.length === before?.items.length || last?.type !== 'received') continue;
      announce(seen ? last.data.text : appStrings().arrived(unread.value));
    }
  }

  #find(name: string): Conversation | undefined {
    return this.conversations.find(({ channel }) => channel === name);
  }

  #change(name: string, change: (conversation: Conversation) => Conversation): void {
    this.conversations = this.conversations.map((known) => (known.channel === name ? change(known) : known));
    unread.value = this.conversations.reduce((sum, known) => sum + known.unread, 0);
  }

  #choose(name: string): void {
    this.open = name;
    this.#atTheEnd = true;
    this.#change(name, markRead);
    const drawer = this.renderRoot.querySelector<HTMLElement>(':popover-open');
    drawer?.hidePopover();
  }

  #send(event: SubmitEvent): void {
    const text = takeField(event, 'text');
    if (text === '') return;
    const session = this.snapshot && signedInSession(this.snapshot.session);
    const data = { id: newId(), text, from: (session && displayName(session)) ?? '', at: Date.now() };
    this.#atTheEnd = true;
    this.#change(this.open, (known) => withPending(known, data));
    void this.#publish(this.open, data);
  }

  /** The id stays the same on each attempt, so the server stores it once. Saved at once: a crash fires no `pagehide`. */
  async #publish(name: string, data: MessageData): Promise<void> {
    this.#save();
    const result = await this.#joined.get(name)?.publish(data, { id: data.id });
    if (!result) return;
    this.#change(name, (known) => withResult(known, data.id, result));
    this.#save();
  }

  #retry(data: MessageData): void {
    // the button that has the focus is about to be removed
    this.list.focus();
    this.#change(this.open, (known) => withRetry(known, data.id));
    void this.#publish(this.open, data);
  }

  #newChannel(event: SubmitEvent): void {
    const name = takeField(event, 'name').trim();
    if (name === '') return;
    this.renderRoot.querySelector<HTMLDetailsElement>('.more')?.removeAttribute('open');
    this.#join(emptyConversation(name));
    this.#choose(name);
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
      <h1 id="title">${frameStrings().messages}</h1>
      <p class="soft">${t.messagesLead}</p>
      <div class="card layout" part="card">${channelList(this.#channelList)}
        <div class="conversation">
          <div class="head">${drawerButton(this.#channelList)}<h2>${this.open}</h2>${this.#presence.view(this.open)}</div>
          ${this.#conversation()}${composerView(this.open, this.#live, (event) => this.#send(event))}
        </div>
      </div>
    </section>`;
  }

  get #channelList(): ChannelList {
    return {
      conversations: this.conversations,
      open: this.open,
      text: this.wanted,
      choose: (name) => this.#choose(name),
      find: (text) => {
        this.wanted = text;
      },
      join: (event) => this.#newChannel(event),
    };
  }

  #conversation(): TemplateResult {
    const session = this.snapshot && signedInSession(this.snapshot.session);
    return conversationView(this.#find(this.open) ?? emptyConversation(this.open), {
      self: session && displayName(session),
      live: this.#live,
      now: Date.now(),
      retry: (data) => this.#retry(data),
      scrolled: () => this.#scrolled(),
    });
  }

  get #live(): boolean {
    return Object.values(this.snapshot?.sockets ?? {}).some((socket) => socket.state === 'open');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-messages': SessionMessages;
  }
}
