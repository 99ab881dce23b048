import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Channel, Keeper } from '../page/types.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { announce, unread } from './attention.ts';
import { KeeperElement } from './keeper-element.ts';
import * as talking from './messages/conversation.ts';
import { messagesStyles } from './messages/styles.ts';
import { words } from './say.ts';
import { learnMore, moreWords } from './say-more.ts';
import { nameOf, signedIn } from './status.ts';
import { timeOfDay } from './time.ts';
import { problemWords } from './words.ts';

await learnMore();

const isVisible = (element: Element): boolean => !document.hidden && element.checkVisibility();

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
  @state() private talks: readonly talking.Conversation[] = [];
  @state() private open = '';
  @query('.list') private readonly list!: HTMLElement;
  readonly #joined = new Map<string, Channel>();
  #joinedWith: Keeper | undefined;
  #atTheEnd = true;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#look);
    addEventListener('hashchange', this.#look);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#look);
    removeEventListener('hashchange', this.#look);
    this.#leave();
  }

  /** What came for somebody who has left is not kept for whoever comes next. */
  protected override received({ session }: Snapshot): void {
    if (session.state === 'signed-out' && session.reason === 'user' && this.#joinedWith) this.#leave();
  }

  #leave(): void {
    for (const channel of this.#joined.values()) channel.close();
    this.#joined.clear();
    this.#joinedWith = undefined;
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
      for (const name of this.channels.split(/\s+/).filter(Boolean)) this.#join(name);
    }
    if (this.#joinedWith) this.#change(this.open, talking.read);
  };

  #join(name: string): void {
    if (!this.keeper || this.#joined.has(name)) return;
    const channel = this.keeper.channel(name);
    this.#joined.set(name, channel);
    this.talks = [...this.talks, talking.emptyConversation(name)];
    this.open ||= name;
    void this.#listen(name, channel);
  }

  async #listen(name: string, channel: Channel): Promise<void> {
    for await (const event of channel.events()) {
      const seen = name === this.open && isVisible(this);
      const before = this.#talk(name)?.items.length;
      this.#change(name, (talk) => talking.received(talk, event, Date.now(), seen));
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

  async #publish(name: string, data: talking.MessageData): Promise<void> {
    const result = await this.#joined.get(name)?.publish(data);
    if (result) this.#change(name, (talk) => talking.published(talk, data.id, result));
  }

  #retry(data: talking.MessageData): void {
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
    this.#join(name.trim());
    this.#choose(name.trim());
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
    </div>`;
  }

  #conversation(): TemplateResult {
    const say = moreWords();
    const items = this.#talk(this.open)?.items ?? [];
    if (items.length === 0) return html`<div class="list"><p class="empty">${say.noMessages}</p></div>`;
    return html`<ol class="list" tabindex="0" aria-label=${say.messagesIn(this.open)} @scroll=${this.#scrolled}>
      ${repeat(
        items,
        (item) => item.key,
        (item) => this.#item(item),
      )}</ol>`;
  }

  #item(item: talking.Item): TemplateResult {
    const say = moreWords();
    if (item.type === 'gap') return html`<li class="gap">${say.gap(`${item.from}–${item.to || '?'}`)}</li>`;
    const { data } = item;
    const at = html`<time class="numbers" datetime=${new Date(data.at).toISOString()}>${timeOfDay(data.at)}</time>`;
    if (item.type === 'theirs')
      return html`<li class="message"><span class="text">${data.text}</span>
        <span class="meta"><span>${this.#sender(data.from)}</span>${at}</span></li>`;
    const { delivery } = item;
    const word = talking.deliveryWord(delivery, this.#live);
    return html`<li class="message own ${word}"><span class="text">${data.text}</span>
      <span class="meta">${at}<span>${say[word]}</span>${
        delivery.state === 'failed'
          ? html`<span>${problemWords(delivery.problem)}</span><button @click=${() => {
              this.#retry(data);
            }}>${say.tryAgain}</button>`
          : nothing
      }</span></li>`;
  }

  /** Nearly always oneself: a channel belongs to one account. */
  #sender(from: string): string {
    const session = this.snapshot && signedIn(this.snapshot.session);
    return from === '' || from === (session && nameOf(session)) ? moreWords().elsewhere : from;
  }

  get #live(): boolean {
    return Object.values(this.snapshot?.sockets ?? {}).some((socket) => socket.state === 'open');
  }

  #composer(): TemplateResult {
    const say = moreWords();
    return html`<div class="composer">
      <form @submit=${this.#send}>
        <label>${say.message} <input name="text" autocomplete="off" required /></label>
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
