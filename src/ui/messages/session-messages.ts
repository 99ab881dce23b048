import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel, Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce, unread } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import * as talking from './conversation.ts';
import { Here } from './here.ts';
import { loadHistory } from './history.ts';
import { itemView, type Around } from './item.ts';
import { forget, recall, remember } from './memory.ts';
import { messagesStyles } from './styles.ts';
import { words } from '../strings/messages.ts';
import { learnMore, moreWords } from '../strings/app-messages.ts';
import { nameOf, signedIn } from '../base/status.ts';
import type { MoreWords } from '../strings/app-en.ts';

await learnMore();

const isVisible = (element: Element): boolean => !document.hidden && element.checkVisibility();

/** What an empty conversation says: never that there are no messages before the server has said so. */
const EMPTY: Readonly<Record<talking.Past, (say: MoreWords) => string>> = {
  unknown: () => '',
  asked: () => '',
  known: (say) => say.noMessages,
  unreachable: (say) => say.messagesLater,
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
  @state() private talks: readonly talking.Conversation[] = [];
  @state() private open = '';
  @query('.list') private readonly list!: HTMLElement;
  @query('.composer input') private readonly input!: HTMLInputElement;
  readonly #joined = new Map<string, Channel>();
  readonly #here = new Here(this);
  #joinedWith: Keeper | undefined;
  /** Whose conversations these are, if the backend has said so. */
  #sub: string | undefined;
  #connection: 'up' | 'down' = 'down';
  #atTheEnd = true;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#look);
    addEventListener('hashchange', this.#look);
    addEventListener('pagehide', this.#remember);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#look);
    removeEventListener('hashchange', this.#look);
    removeEventListener('pagehide', this.#remember);
    this.#leave();
  }

  readonly #remember = (): void => {
    if (this.#sub !== undefined) remember(this.#sub, this.talks);
  };

  /** What came for somebody who has left is not kept for whoever comes next. */
  protected override received({ session }: Snapshot): void {
    const before = this.#connection;
    this.#connection = this.#live ? 'up' : 'down';
    if (before === 'down' && this.#live) this.#catchUp();
    if (session.state !== 'signed-out' || session.reason !== 'user') return;
    forget();
    if (this.#joinedWith) this.#leave();
  }

  /** The past of those conversations that could not be had without a connection. */
  #catchUp(): void {
    for (const { channel, past } of this.talks) if (past === 'unreachable') void this.#recollect(channel);
  }

  #leave(): void {
    for (const channel of this.#joined.values()) channel.close();
    this.#joined.clear();
    this.#joinedWith = undefined;
    this.#sub = undefined;
    this.talks = [];
    this.open = '';
    unread.value = 0;
  }

  /** Joins when it is first shown: nobody pays for channels that nobody has ever looked at. */
  readonly #look = (): void => {
    if (!isVisible(this)) return;
    const session = this.snapshot && signedIn(this.snapshot.session);
    if (this.keeper && session && this.keeper !== this.#joinedWith) {
      this.#joinedWith = this.keeper;
      this.#sub = session.user?.sub;
      const remembered = this.#sub === undefined ? [] : recall(this.#sub, Date.now());
      for (const talk of remembered) this.#join(talk);
      for (const name of this.channels.split(/\s+/).filter(Boolean)) this.#join(talking.emptyConversation(name));
      // what a former document did not see delivered may be in nobody's hands
      for (const talk of remembered)
        for (const data of talking.onTheirWay(talk)) void this.#publish(talk.channel, data);
    }
    if (this.#joinedWith) this.#change(this.open, talking.read);
  };

  #join(talk: talking.Conversation): void {
    const name = talk.channel;
    if (!this.keeper || this.#joined.has(name)) return;
    const channel = this.keeper.channel(name);
    this.#joined.set(name, channel);
    this.talks = [...this.talks, talk];
    this.open ||= name;
    void this.#listen(name, channel);
    void this.#here.attend(name, channel);
    void this.#recollect(name);
  }

  /** Asks the server for what was said before. */
  async #recollect(name: string): Promise<void> {
    const { keeper } = this;
    if (!keeper) return;
    this.#change(name, (talk) => ({ ...talk, past: 'asked' }));
    const history = await loadHistory(keeper, this.history, name);
    this.#change(name, (talk) =>
      history ? talking.remembering(talk, history, Date.now()) : { ...talk, past: 'unreachable' },
    );
  }

  async #listen(name: string, channel: Channel): Promise<void> {
    for await (const event of channel.events()) {
      if (event.type !== 'message' && event.type !== 'gap') continue;
      const seen = name === this.open && isVisible(this);
      const talk = this.#talk(name);
      const before = talk?.items.length;
      const isAfterHole = event.type === 'gap' || (talk && talking.isAfterHole(talk, event.offset));
      this.#change(name, (known) => talking.received(known, event, Date.now(), seen));
      if (isAfterHole) void this.#recollect(name);
      const last = this.#talk(name)?.items.at(-1);
      if (this.#talk(name)?.items.length === before || last?.type !== 'theirs') continue;
      announce(seen ? last.data.text : moreWords().arrived(unread.value));
    }
  }

  #talk(name: string): talking.Conversation | undefined {
    return this.talks.find(({ channel }) => channel === name);
  }

  #change(name: string, change: (talk: talking.Conversation) => talking.Conversation): void {
    this.talks = this.talks.map((talk) => (talk.channel === name ? change(talk) : talk));
    unread.value = this.talks.reduce((sum, talk) => sum + talk.unread, 0);
  }

  #choose(name: string): void {
    this.open = name;
    this.#atTheEnd = true;
    this.#change(name, talking.read);
  }

  #send(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const text = new FormData(form).get('text');
    if (typeof text !== 'string' || text.trim() === '') return;
    form.reset();
    const session = this.snapshot && signedIn(this.snapshot.session);
    const id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join('');
    const data = { id, text, from: (session && nameOf(session)) ?? '', at: Date.now() };
    this.#atTheEnd = true;
    this.#change(this.open, (talk) => talking.publishing(talk, data));
    void this.#publish(this.open, data);
  }

  /** Always under its own id, so that the server has it once. A tab that crashes hides no page: it is remembered now. */
  async #publish(name: string, data: talking.MessageData): Promise<void> {
    this.#remember();
    const result = await this.#joined.get(name)?.publish(data, { id: data.id });
    if (!result) return;
    this.#change(name, (talk) => talking.published(talk, data.id, result));
    this.#remember();
  }

  #retry(data: talking.MessageData): void {
    // the button goes, and what has the focus with it
    this.list.focus();
    this.#change(this.open, (talk) => talking.retrying(talk, data.id));
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
    if (changed.has('keeper') || !this.#joinedWith) this.#look();
    if (this.#atTheEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  protected override render(): TemplateResult {
    const say = moreWords();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${words().messages}</h1>
      <p class="soft">${say.messagesLead}</p>
      <div class="card room" part="card">${this.#channels()}
        <div class="talk">${this.#conversation()}${this.#composer()}</div>
      </div>
    </section>`;
  }

  #channels(): TemplateResult {
    const say = moreWords();
    return html`<div class="channels" role="group" aria-label=${say.channels}>
      <ul>${this.talks.map(
        ({ channel, unread: count }) => html`<li>
        <button class="channel" aria-pressed=${channel === this.open} @click=${() => {
          this.#choose(channel);
        }}><span>${channel}</span>${count > 0 ? html`<span class="count numbers" role="img" aria-label=${words().unread(count)}>${count}</span>` : nothing}</button>
      </li>`,
      )}</ul>
      <details class="more"><summary>${say.newChannel}</summary>
        <form @submit=${this.#newChannel}>
          <label>${say.channelName} <input name="name" maxlength="64" autocomplete="off" autocapitalize="none" required /></label>
          <button>${say.join}</button>
        </form>
      </details>
      ${this.#here.view(this.open)}
    </div>`;
  }

  #conversation(): TemplateResult {
    const say = moreWords();
    const { items, past } = this.#talk(this.open) ?? talking.emptyConversation(this.open);
    if (items.length === 0) return html`<div class="list"><p class="empty">${EMPTY[past](say)}</p></div>`;
    const session = this.snapshot && signedIn(this.snapshot.session);
    const around: Around = {
      self: session && nameOf(session),
      live: this.#live,
      retry: (data) => {
        this.#retry(data);
      },
    };
    return html`<ol class="list" tabindex="0" aria-label=${say.messagesIn(this.open)} @scroll=${this.#scrolled}>
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
    const say = moreWords();
    return html`<div class="composer">
      <form @submit=${this.#send}>
        <label><span class="unseen">${say.message}</span><input name="text" placeholder=${say.messageTo(this.open)} dir="auto" autocomplete="off" required /></label>
        <button class="primary">${say.send}</button>
      </form>
      ${this.#live ? nothing : html`<p class="soft small">${say.waitsForNetwork}</p>`}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-messages': SessionMessages;
  }
}
