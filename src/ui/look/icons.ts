import { html, type TemplateResult } from 'lit';

/**
 * The icons of the app: outlines on a grid of 24, drawn with one stroke. Every part of the interface draws its own with
 * `icon`, so that all have the same weight.
 */
export const icon = (path: string): TemplateResult =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;

/** Icons of the header and the bar of links. `MORE_ICONS` has those that other parts use. */
export const ICONS = {
  bolt: 'M13 3 5 14h6l-1 7 8-11h-6z',
  home: 'M4 10.5 12 4l8 6.5V20h-5.5v-5.5h-5V20H4z',
  messages: 'M4 5h16v11H9.5L5.5 20v-4H4z',
  play: 'M7 4.5 18.5 12 7 19.5z',
  sliders: 'M4 7h16M4 17h16M16 4v6M8 14v6',
  timeline: 'M4 6h9M8 12h12M4 18h6m4 0h5',
} as const;
