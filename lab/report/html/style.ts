/** The look of the report: light and dark, on paper too. It needs no script and loads nothing. */
export const STYLE = `
:root { color-scheme: light dark;
  --ground: light-dark(#faf9f6, #0f1014); --card: light-dark(#ffffff, #191b21); --line: light-dark(#dcd9d0, #31343d);
  --text: light-dark(#1c1d21, #e9e8e4); --soft: light-dark(#5c5e66, #a3a6b0);
  --kept: light-dark(#256b41, #6fcf97); --disturbed: light-dark(#8a5300, #f0b454); --lost: light-dark(#b02a20, #ff8a7a);
  --skipped: light-dark(#6a6c74, #8d909a); --broken: light-dark(#6b3fa0, #c4a2f5); }
* { box-sizing: border-box; }
body { margin: 0; overflow-wrap: anywhere; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 68rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 2rem; margin: 0 0 .25rem; line-height: 1.2; } h2 { margin: 2.5rem 0 1rem; } h3 { margin: 1.25rem 0 .5rem; font-size: 1rem; }
a { color: inherit; } :focus-visible { outline: 3px solid var(--disturbed); outline-offset: 2px; border-radius: 4px; }
.soft { color: var(--soft); } code, pre { font: .85rem/1.5 ui-monospace, monospace; }
pre { overflow: auto; background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.scores { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; padding: 0; list-style: none; }
.scores li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem; }
.scores strong { font-size: 1.6rem; } meter { width: 100%; height: .6rem; }
.matrix { display: flex; flex-wrap: wrap; gap: 4px; padding: 0; list-style: none; }
.matrix a { display: block; width: 1.6rem; height: 1.6rem; border-radius: 6px; text-align: center; text-decoration: none; color: var(--ground); font-weight: 700; line-height: 1.6rem; }
.kept { --tone: var(--kept); } .disturbed { --tone: var(--disturbed); } .lost { --tone: var(--lost); } .skipped { --tone: var(--skipped); } .broken { --tone: var(--broken); }
.matrix a { background: var(--tone); }
details { background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--tone); border-radius: 10px; margin: .6rem 0; }
summary { cursor: pointer; padding: .75rem 1rem; } details > div { padding: 0 1rem 1rem; }
.verdict { color: var(--tone); font-weight: 700; } .pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
figure { margin: 0; } img { width: 100%; border: 1px solid var(--line); border-radius: 8px; }
.cause { border: 1px solid var(--tone); border-radius: 8px; padding: .75rem 1rem; }
svg.timeline { width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg line { stroke: var(--line); }
svg .good { fill: var(--kept); } svg .bad { fill: var(--lost); } svg .info { fill: var(--soft); }
.events { max-height: 20rem; overflow: auto; padding-left: 0; list-style: none; font-size: .9rem; }
.events time { display: inline-block; width: 5rem; color: var(--soft); font-variant-numeric: tabular-nums; } .events .bad { color: var(--lost); }
fieldset { border: 0; padding: 0; margin: 0 0 1rem; } label { margin-right: 1rem; }
main:has(#only-bad:checked) details:not(.lost, .disturbed, .broken) { display: none; }
@media print { body { background: #fff; } fieldset, nav { display: none; } details { break-inside: avoid; } details::details-content { content-visibility: visible; height: auto; } .events { max-height: none; } }
`;
