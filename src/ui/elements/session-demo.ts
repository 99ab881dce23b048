import { css, html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { parseJson } from '../../protocol/schema/json.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { announce } from '../base/announcements.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { loadAppStrings, appStrings } from '../strings/app-strings.ts';

await loadAppStrings();

type Answer =
  | { state: 'none' }
  | { state: 'loading' }
  | { state: 'loaded'; status: number; body: string }
  | { state: 'unreachable' };

/** Enough of a response to see that the request worked. */
const MAX_BODY_CHARACTERS = 2000;

/** JSON is indented; other text stays as it is. */
const readable = (body: string): string => {
  const value = parseJson(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
};

/**
 * Sends a request that needs authorization, and shows the response.
 *
 * @csspart card - the surface
 *
 * @example <session-demo path="/api/v1/llm/models"></session-demo>
 */
@customElement('session-demo')
export class SessionDemo extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      pre { margin: 0; padding: .75rem; border-radius: calc(var(--_radius) - .25rem); background: var(--_sunken); overflow: auto; max-block-size: 24rem; white-space: pre-wrap; }
    `,
  ];

  /** A path of this origin's API that needs authorization. */
  @property() path = '/api/v1/llm/models';
  @state() private answer: Answer = { state: 'none' };

  /** The next person at this browser may not read what the last one received. */
  protected override onSnapshot({ session }: Snapshot): void {
    if (session.state === 'signed-out' && session.reason === 'user') this.answer = { state: 'none' };
  }

  async #request(): Promise<void> {
    if (!this.keeper || this.answer.state === 'loading') return;
    this.answer = { state: 'loading' };
    try {
      const response = await this.keeper.fetch(this.path);
      const body = readable(await response.text()).slice(0, MAX_BODY_CHARACTERS);
      this.answer = { state: 'loaded', status: response.status, body };
      announce(`HTTP ${response.status}`);
    } catch {
      this.answer = { state: 'unreachable' };
      announce(appStrings().noResponse);
    }
  }

  protected override render(): TemplateResult {
    const { answer } = this;
    const t = appStrings();
    return html`<section class="stack" aria-labelledby="title">
      <h1 id="title">${frameStrings().tryIt}</h1>
      <div class="card stack" part="card">
        <h2>${t.sendDirectly}</h2>
        <p class="soft small">${t.requestLead(this.path)}</p>
        <div class="row">
          <button class="primary" @click=${this.#request} aria-disabled=${answer.state === 'loading'}>${t.request}</button>
          <span class="small">${answer.state === 'loaded' ? `HTTP ${answer.status}` : nothing}
            ${answer.state === 'unreachable' ? t.noResponse : nothing}</span>
        </div>
        ${answer.state === 'loaded' ? html`<pre tabindex="0" role="region" aria-label=${t.response}>${answer.body}</pre>` : nothing}
      </div>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-demo': SessionDemo;
  }
}
