import { html, nothing, type TemplateResult } from 'lit';
import { appStrings } from '../strings/app-strings.ts';
import { timeOfDay } from '../strings/time.ts';
import { problemText } from '../strings/problem-text.ts';
import { deliveryLabel, type Item, type MessageData } from './conversation.ts';

/** `self`: how the person in front of the screen is called. `live`: the socket is open. */
export type ItemContext = { self: string | undefined; live: boolean; retry(data: MessageData): void };

/** Nearly always oneself: a channel belongs to one account. */
const sender = (from: string, self: string | undefined): string =>
  from === '' || from === self ? appStrings().elsewhere : from;

/** One line of a conversation, as an item of a list. */
export const itemView = (item: Item, { self, live, retry }: ItemContext): TemplateResult => {
  const t = appStrings();
  if (item.type === 'gap')
    return html`<li class="gap">${t.gap(item.to === 0 ? undefined : item.to - item.from + 1)}</li>`;
  const { data } = item;
  const at = html`<time class="numbers" datetime=${new Date(data.at).toISOString()}>${timeOfDay(data.at)}</time>`;
  if (item.type === 'theirs')
    return html`<li class="message"><span class="text">${data.text}</span>
      <span class="meta"><span>${sender(data.from, self)}</span>${at}</span></li>`;
  const { delivery } = item;
  const word = deliveryLabel(delivery, live);
  return html`<li class="message own ${word}"><span class="text">${data.text}</span>
    <span class="meta">${at}<span>${t[word]}</span>${
      delivery.state === 'failed'
        ? html`<span>${problemText(delivery.problem)}</span><button @click=${() => {
            retry(data);
          }}>${t.tryAgain}</button>`
        : nothing
    }</span></li>`;
};
