import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { appStrings } from '../strings/app-strings.ts';
import { dateTime, hourMinute } from '../text/time.ts';
import { problemText } from '../text/problem-text.ts';
import { deliveryLabel, type Conversation, type MessageData } from './conversation.ts';
import { dayText } from './day-text.ts';
import { rowsOf, type ConversationRow } from './rows.ts';

/** `self`: the name of the user at this screen. `live`: the socket is open. `now`: in ms since the Unix epoch. */
type Context = {
  self: string | undefined;
  live: boolean;
  now: number;
  retry(data: MessageData): void;
  scrolled(): void;
};

/** Nearly always the same user, because a channel belongs to one account. */
const sender = (from: string, self: string | undefined): string =>
  from === '' || from === self ? appStrings().elsewhere : from;

/** Only the server's answer proves that there are no messages. */
const emptyText = ({ history }: Conversation): string => {
  if (history === 'loaded') return appStrings().noMessages;
  return history === 'unreachable' ? appStrings().messagesLater : '';
};

type MessageRow = Extract<ConversationRow, { type: 'message' }>;

const deliveryView = ({ item, hasNews }: MessageRow, { live, retry }: Context): TemplateResult | typeof nothing => {
  if (item.type !== 'own' || !hasNews) return nothing;
  const t = appStrings();
  const { delivery, data } = item;
  return html`<span>${t[deliveryLabel(delivery, live)]}</span>${
    delivery.state === 'failed'
      ? html`<span>${problemText(delivery.problem)}</span><button @click=${() => {
          retry(data);
        }}>${t.tryAgain}</button>`
      : nothing
  }`;
};

const messageView = (row: MessageRow, context: Context): TemplateResult => {
  const { item, starts, ends, hasNews } = row;
  const { data } = item;
  const name =
    item.type === 'received' && starts ? html`<span class="from">${sender(data.from, context.self)}</span>` : nothing;
  const time = html`<time class="numbers" datetime=${new Date(data.at).toISOString()} title=${dateTime(data.at)}>${hourMinute(data.at)}</time>`;
  const state = item.type === 'own' ? `own ${deliveryLabel(item.delivery, context.live)}` : '';
  return html`<li class="message ${state} ${starts ? 'starts' : ''} ${ends ? 'ends' : ''}">${name}<span class="text" title=${dateTime(data.at)}>${data.text}</span>
    ${ends || hasNews ? html`<span class="meta">${ends ? time : nothing}${deliveryView(row, context)}</span>` : nothing}</li>`;
};

const rowView = (row: ConversationRow, context: Context): TemplateResult => {
  if (row.type === 'day')
    return html`<li class="day"><time datetime=${new Date(row.at).toISOString()}>${dayText(row.at, context.now)}</time></li>`;
  if (row.type === 'message') return messageView(row, context);
  const { from, to } = row.item;
  return html`<li class="gap">${appStrings().gap(to === 0 ? undefined : to - from + 1)}</li>`;
};

/** The messages of a channel as a list, oldest first. */
export const conversationView = (conversation: Conversation, context: Context): TemplateResult => {
  const { channel, items } = conversation;
  if (items.length === 0) return html`<div class="list"><p class="empty">${emptyText(conversation)}</p></div>`;
  return html`<ol class="list" tabindex="0" aria-label=${appStrings().messagesIn(channel)} @scroll=${context.scrolled}>
    ${repeat(
      rowsOf(items),
      ({ key }) => key,
      (row) => rowView(row, context),
    )}</ol>`;
};

/** The field for the next message. `live`: it goes out at once. */
export const composerView = (channel: string, live: boolean, send: (event: SubmitEvent) => void): TemplateResult => {
  const t = appStrings();
  return html`<div class="composer">
    <form @submit=${send}>
      <label><span class="unseen">${t.message}</span><input name="text" placeholder=${t.messageTo(channel)} dir="auto" autocomplete="off" required /></label>
      <button class="primary">${t.send}</button>
    </form>
    ${live ? nothing : html`<p class="soft small">${t.waitsForNetwork}</p>`}
  </div>`;
};
