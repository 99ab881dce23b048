import { css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { parseJson } from '../../protocol/json.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';

await loadAppStrings();

type Answer =
  | { state: 'none' }
  | { state: 'asking' }
  | { state: 'answered'; status: number; body: string }
  | { state: 'unreachable' };

/** Enough to see that it works. */
const MAX_BODY_CHARACTERS = 2000;

/** As people read it; what is no JSON stays as it came. */
const readable = (body: string): string => {
  const value = parseJson(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
};

/**
 * Something to try: a request that needs authorization.
 *
 * @csspart card - the surface
 */
@customElement('session-demo')
export class SessionDemo extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      h1 { font-size: 1.625rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.2; }
      pre { margin: 0; padding: .75rem; border-radius: calc(var(--_radius) - .25rem); background: var(--_sunken); overflow: auto; max-block-size: 24rem; white-space: pre-wrap; }
    `,
  ];

  /** A path of the own API that answers signed-in people only. */
  @property() path = '/api/v1/llm/models';
  @state() private answer: Answer = { state: 'none' };

  /** What came for somebody who has left is not kept for whoever comes next. */
  protected override onSnapshot({ session }: Snapshot): void {
    if (session.state === 'signed-out' && session.reason === 'user') this.answer = { state: 'none' };
  }

  async #request(): Promise<void> {
    if (!this.keeper || this.answer.state === 'asking') return;
    this.answer = { state: 'asking' };
    try {
      const response = await this.keeper.fetch(this.path);
      const body = readable(await response.text()).slice(0, MAX_BODY_CHARACTERS);
      this.answer = { state: 'answered', status: response.status, body };
      announce(`HTTP ${response.status}`);
    } catch {
      this.answer = { state: 'unreachable' };
      announce(appStrings().noAnswerNetwork);
    }
  }

  protected override render(): TemplateResult {
    const { answer } = this;
    const t = appStrings();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${strings().tryIt}</h1>
      <div class="card stack" part="card">
        <h2>${t.askServer}</h2>
        <p class="soft small">${t.askLead(this.path)}</p>
        <div class="row">
          <button class="primary" @click=${this.#request} aria-disabled=${answer.state === 'asking'}>${t.ask}</button>
          <span class="small">${answer.state === 'answered' ? `HTTP ${answer.status}` : nothing}
            ${answer.state === 'unreachable' ? t.noAnswerNetwork : nothing}</span>
        </div>
        ${answer.state === 'answered' ? html`<pre tabindex="0" role="region" aria-label=${t.answer}>${answer.body}</pre>` : nothing}
      </div>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-demo': SessionDemo;
  }
}
