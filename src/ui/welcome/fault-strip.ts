import { css, html, type TemplateResult } from 'lit';
import { appStrings } from '../strings/app-strings.ts';

/** The faults of the picture, each at its place (percent of the width). */
const FAULTS = [
  ['reload', 'at-1'],
  ['killed', 'at-2'],
  ['offline', 'at-3'],
  ['restart', 'at-4'],
  ['deploy', 'at-5'],
] as const;

const REQUESTS = 48;
/** The requests that nothing can answer, because the network or the server is away: below the gaps of the connection. */
const OUTAGE: ReadonlyMap<number, string> = new Map([
  [24, 'offline'],
  [25, 'offline'],
  [26, 'offline'],
  [34, 'away'],
  [35, 'away'],
]);

/**
 * A picture of one minute of faults: what breaks above, and the session that goes on below. An illustration. It is drawn
 * once, in less than five seconds, and then stays whole: longer motion would need a button to stop it (WCAG 2.2.2).
 */
export const faultStrip = (): TemplateResult => {
  const t = appStrings().strip;
  return html`<div class="strip" role="img" aria-label=${t.label}>
    <div class="faults" aria-hidden="true">${FAULTS.map(([name, place]) => html`<span class=${place}>${t[name]}</span>`)}</div>
    <div class="lane" aria-hidden="true"><span>${t.session}</span><div class="track"><b class="whole"></b></div></div>
    <div class="lane" aria-hidden="true"><span>${t.connection}</span><div class="track"><b class="c-1"></b><b class="c-2"></b><b class="c-3"></b><i class="w-1"></i><i class="w-2"></i></div></div>
    <div class="lane" aria-hidden="true"><span>${t.requests}</span><div class="track dots">${Array.from({ length: REQUESTS }, (_, n) => html`<u class=${OUTAGE.get(n) ?? ''}></u>`)}</div></div>
    <p class="caption" aria-hidden="true">${t.caption}</p>
  </div>`;
};

/** All places are in classes, because a strict policy allows no style attribute. */
export const stripStyles = css`
  .strip { display: grid; gap: .5rem; padding: .875rem 1rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); font-size: var(--_t-label); overflow: hidden; --name: 5.25rem; }
  .faults { position: relative; block-size: 1.375rem; margin-inline-start: var(--name); }
  .faults span { position: absolute; inset-block-start: 0; translate: -50%; white-space: nowrap; padding-inline: .375rem; border-radius: .3125rem; line-height: 1.25rem; color: var(--_soft); background: var(--_sunken); animation: strike 1s both; }
  .faults span::after { content: ''; position: absolute; inset-block-start: 1.25rem; inset-inline-start: 50%; block-size: 5.25rem; border-inline-start: 1px dashed var(--_edge); opacity: .6; }
  .faults .at-1 { inset-inline-start: 9%; animation-delay: .36s; } .faults .at-2 { inset-inline-start: 29%; animation-delay: 1.16s; } .faults .at-3 { inset-inline-start: 51%; animation-delay: 2.04s; }
  .faults .at-4 { inset-inline-start: 71%; animation-delay: 2.84s; } .faults .at-5 { inset-inline-start: 91%; animation-delay: 3.64s; }
  .lane { display: grid; grid-template-columns: var(--name) 1fr; align-items: center; color: var(--_soft); }
  .track { position: relative; block-size: .625rem; border-radius: .25rem; background: var(--_sunken); overflow: hidden; }
  .track b, .track i { position: absolute; inset-block: 0; background: var(--_good); border-radius: .1875rem; }
  .track i { background: repeating-linear-gradient(115deg, var(--_warn) 0 3px, transparent 3px 6px); }
  .whole { inset-inline: 0; } .c-1 { inset-inline: 0 49.5%; } .c-2 { inset-inline: 56% 29.5%; } .c-3 { inset-inline: 75% 0; } .w-1 { inset-inline: 50.5% 44%; } .w-2 { inset-inline: 70.5% 25%; }
  .dots { display: flex; justify-content: space-between; align-items: center; background: none; overflow: visible; }
  .dots u { inline-size: .25rem; block-size: .5rem; border-radius: .125rem; background: var(--_good); }
  .dots .offline, .dots .away { background: var(--_warn); }
  .track { animation: play 4s linear both; }
  .caption { color: var(--_soft); margin-block-start: .125rem; }
  @keyframes play { from { clip-path: inset(0 100% 0 0); } to { clip-path: inset(0 -1px 0 0); } }
  @keyframes strike { from { opacity: 0; } 15%, 70% { opacity: 1; color: var(--_bad); background: color-mix(in oklch, var(--_bad) 12%, var(--_surface)); } }
  @media (width < 32rem) { .strip { --name: 4.75rem; padding-inline: .75rem; } .at-1, .at-3, .at-5, .c-2, .w-1, .dots u:nth-child(even) { display: none; } .track .c-1 { inset-inline: 0 29.5%; } .dots .offline { background: var(--_good); } }
  @media (width < 24rem) { .at-2 { display: none; } }
  @media (prefers-reduced-motion: reduce) { .track, .faults span { animation: none !important; } }
`;
