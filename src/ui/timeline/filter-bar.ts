import { css, html, nothing, type TemplateResult } from 'lit';
import { appStrings } from '../strings/app-strings.ts';
import { formatNumber } from '../text/time.ts';
import { filterEntries, isNarrowed, type Filter } from './filter.ts';
import type { LaneKind, Timeline } from './model.ts';

/** All of them at once, so that nothing moves when the journal arrives. */
const LANE_KINDS: readonly LaneKind[] = ['tabs', 'worker', 'token', 'socket', 'network', 'requests'];

export const filterBarStyles = css`
  .found:empty { position: absolute; }
  input[type=search] { flex: 1 1 12rem; inline-size: auto; min-inline-size: 0; min-block-size: 2.25rem; padding: .25rem .75rem; font-size: .875rem; }
  .lanes { display: flex; flex-wrap: wrap; gap: .375rem;
    label { position: relative; display: inline-flex; align-items: center; min-block-size: 2rem; padding: .125rem .75rem; border: 1px solid var(--_line); border-radius: 1rem; font-size: .8125rem; font-weight: 400; color: var(--_soft); cursor: pointer; }
    label:has(:checked) { color: var(--_ink); background: var(--_sunken); border-color: var(--_edge); }
    label:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 1px; }
    input { position: absolute; inset: 0; min-block-size: 0; block-size: 100%; opacity: 0; cursor: pointer; } }
  .internal { display: inline-flex; align-items: center; gap: .5rem; min-block-size: 2.5rem; font-weight: 400; cursor: pointer; }
  .internal input { inline-size: 1.125rem; min-block-size: 1.125rem !important; block-size: 1.125rem; margin: 0; accent-color: var(--_accent); }
  @media (pointer: coarse) { .lanes label, .internal { min-block-size: 2.75rem; } }
  @media (forced-colors: active) { .lanes label:has(:checked) { background: SelectedItem; color: SelectedItemText; forced-color-adjust: none; } }
`;

type Change = (change: Partial<Filter>) => void;

/** The field of the search, and how much it found. */
export const searchField = ({ entries }: Timeline, filter: Filter, change: Change): TemplateResult => {
  const t = appStrings();
  const found = isNarrowed(filter) ? filterEntries(entries, filter).length : undefined;
  return html`<input type="search" aria-label=${t.search} placeholder=${t.search} .value=${filter.text} autocomplete="off" @input=${(
    event: Event,
  ) => {
    if (event.target instanceof HTMLInputElement) change({ text: event.target.value });
  }} />
    <span class="found soft small numbers" role="status">${found === undefined ? nothing : t.shownOf(formatNumber(found), t.events(entries.length))}</span>`;
};

/** Which lanes show, and whether internal steps do. */
export const laneChoice = (filter: Filter, change: Change): TemplateResult => {
  const t = appStrings();
  const isOn = (event: Event): boolean => event.target instanceof HTMLInputElement && event.target.checked;
  const toggle = (kind: LaneKind, event: Event): void => {
    const others = filter.hidden.filter((each) => each !== kind);
    change({ hidden: isOn(event) ? others : [...others, kind] });
  };
  return html`<div class="row">
    <fieldset class="lanes"><legend class="unseen">${t.filterLanes}</legend>${LANE_KINDS.map(
      (kind) =>
        html`<label><input type="checkbox" .checked=${!filter.hidden.includes(kind)} @change=${(event: Event) => toggle(kind, event)} />${t.lane[kind]}</label>`,
    )}</fieldset>
    <label class="internal"><input type="checkbox" .checked=${filter.internal} @change=${(event: Event) => change({ internal: isOn(event) })} />${t.internalSteps}</label>
  </div>`;
};
