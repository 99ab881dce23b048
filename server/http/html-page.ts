import { createHash } from 'node:crypto';

/** Text that is safe in HTML text and in quoted attributes. */
export const escapeHtml = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** The look of the app (src/ui/look/theme.ts), so that a person at the provider is still in the same place. */
const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(oklch(25% .02 270), oklch(94% .006 270));
  --dim: light-dark(oklch(48% .018 270), oklch(73% .014 270)); --paper: light-dark(oklch(98.6% .002 270), oklch(16.5% .008 270));
  --card: light-dark(#fff, oklch(20% .01 270)); --line: light-dark(oklch(91.5% .005 270), oklch(29% .013 270));
  --edge: light-dark(oklch(63% .012 270), oklch(54% .018 270)); --accent: light-dark(oklch(47% .16 272), oklch(77% .115 272));
  --on-accent: light-dark(#fff, oklch(19% .05 272)); --bad: light-dark(oklch(52% .18 26), oklch(75% .13 24)); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 400 1rem/1.5 ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; }
main { width: 100%; max-width: 23rem; background: var(--card); padding: clamp(1.25rem, 6vw, 2rem); border-radius: .75rem;
  border: 1px solid var(--line); }
h1 { font-size: 1.5rem; font-weight: 600; letter-spacing: -.02em; line-height: 1.25; margin: 0 0 .25rem; text-wrap: balance; }
p { margin: 0 0 1.25rem; color: var(--dim); overflow-wrap: anywhere; }
label { display: block; font-size: .875rem; font-weight: 500; margin: 0 0 .375rem; }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--edge);
  border-radius: .5rem; min-height: 2.75rem; padding: .4375rem 1rem; margin: 0 0 1rem; }
input[aria-invalid=true] { border-color: var(--bad); }
button { width: 100%; min-height: 2.75rem; font: inherit; font-weight: 500; border-radius: .5rem; cursor: pointer;
  border: 1px solid transparent; background: var(--accent); color: var(--on-accent); padding: .5rem 1rem; margin: 0 0 .5rem; }
button:hover { background: color-mix(in oklch, var(--accent) 88%, var(--ink)); }
button.quiet { background: transparent; color: inherit; border-color: var(--line); }
button.quiet:hover { border-color: var(--edge); }
:is(input, button, a):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.alert { color: inherit; background: color-mix(in oklch, var(--bad) 9%, var(--card)); border-radius: .5rem;
  border-inline-start: 3px solid var(--bad); padding: .625rem .875rem; font-size: .9375rem; }
.hint { margin: 1rem 0 0; font-size: .875rem; }
a { color: var(--accent); }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * CSP of a page of this server. `formTargets`: origins to which a form may lead, including the last origin of each
 * redirect after the submission. Chromium checks redirects against `form-action` too (w3c/webappsec-csp#8).
 */
export const pageCsp = (formTargets: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    // The empty icon. Without it, Firefox requests one from the server and reports that the CSP blocks it.
    'img-src data:',
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/** A page without scripts and external files. `main`: HTML that the caller has escaped. `language`: a BCP 47 tag. */
export const renderPage = (title: string, main: string, language: string): string => `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;
