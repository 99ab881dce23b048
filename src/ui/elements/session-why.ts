import { css, html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { KeeperElement } from '../base/keeper-element.ts';
import { loadExplanationStrings, explanationStrings } from '../view/explanation-strings.ts';
import { ClockController } from '../base/clock-controller.ts';
import { explain } from '../view/explanation.ts';
import type { StoryEnd } from '../view/explanation-history.ts';

await loadExplanationStrings();

/** What led to it. Opening the question loads the journal and the script that renders it. */
type Story =
  | { state: 'closed' }
  | {
      state: 'loaded';
      at: number;
      entries: readonly JournalEntry[];
      view: typeof import('../view/explanation-history.ts').historyView;
    };

/** A sign-in that failed is what the person asks about now. */
const storyEndOf = (session: SessionView): StoryEnd => {
  if (session.state !== 'signed-out') return 'trouble';
  return session.signInProblem ? 'sign-in' : 'end';
};

/**
 * Answers why the user was signed out, or why there is trouble: each known cause, its technical details, and the journal
 * of the minute before. Shows nothing if there is nothing to explain.
 *
 * @csspart question - the question, which opens the answer
 *
 * @example <session-why></session-why>
 */
@customElement('session-why')
export class SessionWhy extends KeeperElement {
  static override styles = [
    KeeperElement.styles,
    css`
      :host { font-size: .875rem; color: var(--_soft); max-inline-size: 60ch; }
      summary { cursor: pointer; inline-size: fit-content; padding-block: .1875rem; border-radius: .25rem; text-decoration: underline; text-decoration-color: var(--_edge); text-underline-offset: .25em; list-style: none; }
      summary::-webkit-details-marker { display: none; }
      summary:hover { color: var(--_ink); }
      .all { display: grid; gap: .75rem; margin-block-start: .625rem; padding-inline-start: .875rem; border-inline-start: 2px solid var(--_line); }
      h2 { font-size: inherit; color: var(--_ink); }
      ol { display: grid; gap: .375rem; margin-block-start: .375rem; }
      ol li { display: grid; grid-template-columns: max-content minmax(0, 1fr); column-gap: .75rem; }
      ol code { grid-column: 2; }
      ul { display: grid; gap: .75rem; }
      ul code { display: block; margin-block-start: .125rem; }
    `,
  ];

  @state() private story: Story = { state: 'closed' };
  readonly #clock = new ClockController(this);
  #storyKey = '';

  /** A journal that was read for one state does not explain the next one. */
  protected override onSnapshot({ session }: Snapshot): void {
    const key = session.state === 'signed-out' ? `${session.reason} ${storyEndOf(session)}` : 'waiting';
    if (key !== this.#storyKey) this.story = { state: 'closed' };
    this.#storyKey = key;
  }

  async #opened(event: Event): Promise<void> {
    if (!(event.target instanceof HTMLDetailsElement) || !event.target.open) return;
    const [journal, { historyView }] = await Promise.all([
      this.keeper?.journal(),
      import('../view/explanation-history.ts'),
    ]);
    if (journal?.ok) this.story = { state: 'loaded', at: this.#clock.now, entries: journal.value, view: historyView };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { snapshot, story } = this;
    const { now } = this.#clock;
    const found = snapshot && explain(snapshot, now);
    if (!found) return nothing;
    const end = storyEndOf(snapshot.session);
    return html`<details @toggle=${this.#opened}>
      <summary part="question">${found.question}</summary>
      <div class="all">
        <ul>${found.causes.map(
          ({ text, evidence }) => html`<li>${text}${evidence ? html`<code>${evidence}</code>` : nothing}</li>`,
        )}</ul>
        ${
          story.state === 'loaded'
            ? html`<section><h2>${end === 'trouble' ? explanationStrings().lastMinute : explanationStrings().minuteBefore}</h2>${story.view(story.entries, end, story.at)}</section>`
            : nothing
        }
      </div>
    </details>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-why': SessionWhy;
  }
}
