import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../look/icons.ts';
import { MORE_ICONS } from '../look/more-icons.ts';
import { appStrings } from '../strings/app-strings.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import type { Conversation } from './conversation.ts';

/** From this many channels on, a field finds them faster than the eye. */
const FILTER_FROM = 8;

/** `text`: what the person typed to find a channel. */
export type ChannelList = {
  conversations: readonly Conversation[];
  open: string;
  text: string;
  choose(channel: string): void;
  find(text: string): void;
  join(event: SubmitEvent): void;
};

/** The channels whose name contains the text, in any case. Those with unread messages come first. */
export const findChannels = (conversations: readonly Conversation[], text: string): readonly Conversation[] => {
  const wanted = text.trim().toLocaleLowerCase();
  if (wanted === '') return conversations;
  return conversations
    .filter(({ channel }) => channel.toLocaleLowerCase().includes(wanted))
    .toSorted((a, b) => Number(b.unread > 0) - Number(a.unread > 0));
};

const countView = (count: number): TemplateResult | typeof nothing =>
  count > 0
    ? html`<span class="count numbers" role="img" aria-label=${frameStrings().unread(count)}>${count}</span>`
    : nothing;

/** The button that opens the drawer, in a narrow container. It counts what is unread in the other channels. */
export const drawerButton = ({ conversations, open }: ChannelList): TemplateResult => {
  const elsewhere = conversations.reduce((sum, { channel, unread }) => (channel === open ? sum : sum + unread), 0);
  return html`<button class="open-drawer" popovertarget="channels">${icon(MORE_ICONS.list)}<span class="unseen">${appStrings().channels}:</span><span>${open}</span>${countView(elsewhere)}</button>`;
};

/** All channels: beside the conversation, or as a drawer in a narrow container. */
export const channelList = ({ conversations, open, text, choose, find, join }: ChannelList): TemplateResult => {
  const t = appStrings();
  const found = findChannels(conversations, text);
  return html`<div id="channels" class="channels" popover="auto" role="group" aria-label=${t.channels}>
    ${
      conversations.length >= FILTER_FROM
        ? html`<input type="search" aria-label=${t.findChannel} placeholder=${t.findChannel} autocomplete="off" .value=${text} @input=${(
            event: Event,
          ) => {
            if (event.target instanceof HTMLInputElement) find(event.target.value);
          }} />`
        : nothing
    }
    <ul>${repeat(
      found,
      ({ channel }) => channel,
      ({ channel, unread }) => html`<li>
        <button class="channel" aria-pressed=${channel === open} @click=${() => {
          choose(channel);
        }}><span>${channel}</span>${countView(unread)}</button>
      </li>`,
    )}</ul>
    ${found.length === 0 && text !== '' ? html`<p class="soft small" role="status">${t.noChannel}</p>` : nothing}
    <details class="more"><summary>${t.newChannel}</summary>
      <form @submit=${join}>
        <label>${t.channelName} <input name="name" maxlength="64" autocomplete="off" autocapitalize="none" required /></label>
        <button>${t.join}</button>
      </form>
    </details>
  </div>`;
};
