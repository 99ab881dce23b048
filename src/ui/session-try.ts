import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Channel, ChannelEvent } from '../page/types.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { KeeperElement } from './keeper-element.ts';
import { problemWords } from './words.ts';

type Answer =
  | { state: 'none' }
  | { state: 'asking' }
  | { state: 'answered'; status: number; body: string }
  | { state: 'unreachable' };

/** What is shown of each: enough to see that it works. */
const MAX_BODY_CHARACTERS = 2000;
const MAX_EVENTS = 20;

const words = (event: ChannelEvent): string =>
  event.type === 'gap' ? `${event.from}–${event.to || '?'} are gone` : JSON.stringify(event.data);

/**
 * Two things to try: a request that needs authorization, and a message to all tabs and devices of a channel.
 *
 * @csspart card - the surface
 */
@customElement('session-try')
export class SessionTry extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      summary { cursor: pointer; padding: 1rem 1.25rem; font-weight: 600; border-radius: var(--_radius); }
      .card { padding: 0; }
      .body { display: grid; gap: 2rem; padding: 0 1.25rem 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
      .stack { align-content: start; }
      pre { margin: 0; padding: .75rem; border-radius: calc(var(--_radius) - .25rem); background: var(--_sunken); overflow: auto; max-block-size: 14rem; white-space: pre-wrap; }
      form { display: flex; gap: .5rem; align-items: end; }
      label { flex: 1; min-inline-size: 0; }
      li { display: flex; gap: .75rem; font-size: .875rem; padding-block: .25rem; border-block-start: 1px solid var(--_line); }
    `,
  ];

  /** A path of the own API that answers signed-in people only. */
  @property() path = '/api/v1/llm/models';
  @property() topic = 'demo';
  @state() private answer: Answer = { state: 'none' };
  @state() private events: readonly ChannelEvent[] = [];
  @state() private trouble = '';
  @query('details') private readonly details!: HTMLDetailsElement;
  #channel: Channel | undefined;

  /** What came for somebody who has left is not kept for whoever comes next. */
  protected override received({ session }: Snapshot): void {
    if (session.state !== 'signed-out' || session.reason !== 'user') return;
    this.answer = { state: 'none' };
    this.events = [];
  }

  /** Opens it, and joins the channel. */
  show(): void {
    this.details.open = true;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave();
  }

  #leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  async #join(): Promise<void> {
    const channel = this.keeper?.channel(this.topic);
    if (!channel) return;
    this.#channel = channel;
    for await (const event of channel.events()) this.events = [event, ...this.events].slice(0, MAX_EVENTS);
  }

  #toggle(): void {
    this.#leave();
    if (this.details.open) void this.#join();
  }

  async #ask(): Promise<void> {
    if (!this.keeper || this.answer.state === 'asking') return;
    this.answer = { state: 'asking' };
    try {
      const response = await this.keeper.fetch(this.path);
      this.answer = {
        state: 'answered',
        status: response.status,
        body: (await response.text()).slice(0, MAX_BODY_CHARACTERS),
      };
    } catch {
      this.answer = { state: 'unreachable' };
    }
  }

  async #publish(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !this.#channel) return;
    const text = new FormData(form).get('text');
    form.reset();
    const result = await this.#channel.publish({ text });
    this.trouble = result.ok ? '' : problemWords(result.problem);
  }

  protected override render(): TemplateResult {
    return html`<details class="card" part="card" @toggle=${this.#toggle}>
      <summary>Try it</summary>
      <div class="body">${this.#request()}${this.#messages()}</div>
    </details>`;
  }

  #request(): TemplateResult {
    const { answer } = this;
    return html`<section class="stack" aria-labelledby="request">
      <h2 id="request">Ask the server</h2>
      <p class="soft small">A plain request to <code>${this.path}</code>. The worker adds the authorization; this page never sees it.</p>
      <div class="row">
        <button @click=${this.#ask} aria-disabled=${answer.state === 'asking'}>Ask</button>
        <span role="status" class="small">${answer.state === 'answered' ? `HTTP ${answer.status}` : nothing}
          ${answer.state === 'unreachable' ? 'No answer. Is the network up?' : nothing}</span>
      </div>
      ${answer.state === 'answered' ? html`<pre tabindex="0" aria-label="Answer">${answer.body}</pre>` : nothing}
    </section>`;
  }

  #messages(): TemplateResult {
    return html`<section class="stack" aria-labelledby="messages">
      <h2 id="messages">Send a message</h2>
      <p class="soft small">To everyone on the channel <code>${this.topic}</code>: once, in order, even over a lost connection. Open a second tab to see it arrive.</p>
      <form @submit=${this.#publish}>
        <label>Message <input name="text" autocomplete="off" required /></label>
        <button>Send</button>
      </form>
      <div role="alert">${this.trouble || nothing}</div>
      <ol aria-label="Messages, newest first">${this.events.map(
        (event) => html`
        <li><span class="soft numbers">${event.type === 'message' ? event.offset : 'gap'}</span> <code>${words(event)}</code></li>`,
      )}</ol>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-try': SessionTry;
  }
}
