import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { appStrings } from '../strings/app-strings.ts';
import { timeOfDay } from '../strings/time.ts';
import { problemText } from '../strings/problem-text.ts';
import { deliveryLabel, type Conversation, type Item, type MessageData } from './conversation.ts';

/** `self`: the name of the user at this screen. `live`: the socket is open. */
type Context = { self: string | undefined; live: boolean; retry(data: MessageData): void; scrolled(): void };

/** Nearly always the same user, because a channel belongs to one account. */
const sender = (from: string, self: string | undefined): string =>
  from === '' || from === self ? appStrings().elsewhere : from;

/** Only the server's answer proves that there are no messages. */
const emptyText = ({ history }: Conversation): string => {
  if (history === 'loaded') return appStrings().noMessages;
  return history === 'unreachable' ? appStrings().messagesLater : '';
};

/** One message or gap, as an item of the list. */
const itemView = (item: Item, { self, live, retry }: Context): TemplateResult => {
  const t = appStrings();
  if (item.type === 'gap')
    return html`<li class="gap">${t.gap(item.to === 0 ? undefined : item.to - item.from + 1)}</li>`;
  const { data } = item;
  const time = html`<time class="numbers" datetime=${new Date(data.at).toISOString()}>${timeOfDay(data.at)}</time>`;
  if (item.type === 'received')
    return html`<li class="message"><span class="text">${data.text}</span>
      <span class="meta"><span>${sender(data.from, self)}</span>${time}</span></li>`;
  const { delivery } = item;
  const label = deliveryLabel(delivery, live);
  return html`<li class="message own ${label}"><span class="text">${data.text}</span>
    <span class="meta">${time}<span>${t[label]}</span>${
      delivery.state === 'failed'
        ? html`<span>${problemText(delivery.problem)}</span><button @click=${() => {
            retry(data);
          }}>${t.tryAgain}</button>`
        : nothing
    }</span></li>`;
};

/** The messages of a channel as a list, oldest first. */
export const conversationView = (conversation: Conversation, context: Context): TemplateResult => {
  const { channel, items } = conversation;
  if (items.length === 0) return html`<div class="list"><p class="empty">${emptyText(conversation)}</p></div>`;
  return html`<ol class="list" tabindex="0" aria-label=${appStrings().messagesIn(channel)} @scroll=${context.scrolled}>
    ${repeat(
      items,
      ({ key }) => key,
      (item) => itemView(item, context),
    )}</ol>`;
};
