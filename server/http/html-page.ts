import { createHash } from 'node:crypto';

/** Text that is safe in HTML text and in quoted attributes. */
export const escapeHtml = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const STYLE = `
:root { color-scheme: light dark; --ink: #16202c; --dim: #51606f; --paper: #f2f5f8; --card: #fff; --line: #8793a0;
  --accent: #0b5cad; --on-accent: #fff; --bad: #a3161f; --bad-paper: #fdecec; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eef4; --dim: #a9b6c3; --paper: #10161d; --card: #19222c;
  --line: #7d8b99; --accent: #7cb8f5; --on-accent: #08131f; --bad: #ff9d9d; --bad-paper: #3a1c20; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; background: var(--card); padding: 1.75rem 1.5rem; border-radius: 1rem;
  border: 1px solid color-mix(in srgb, var(--line) 40%, transparent); }
h1 { font-size: 1.375rem; line-height: 1.25; margin: 0 0 .25rem; }
p { margin: 0 0 1.25rem; color: var(--dim); overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin: 0 0 .25rem; }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .5rem; padding: .625rem .75rem; margin: 0 0 1rem; }
input[aria-invalid=true] { border-color: var(--bad); }
button { width: 100%; min-height: 2.75rem; font: inherit; font-weight: 600; border-radius: .5rem; cursor: pointer;
  border: 1px solid transparent; background: var(--accent); color: var(--on-accent); padding: .5rem 1rem; margin: 0 0 .5rem; }
button.quiet { background: transparent; color: inherit; border-color: var(--line); }
:is(input, button, a):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { color: var(--bad); background: var(--bad-paper); border-radius: .5rem; padding: .625rem .75rem; }
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

/** A page without scripts and external files. `main`: HTML that the caller has escaped. */
export const renderPage = (title: string, main: string): string => `<!doctype html>
<html lang="en">
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
