import { createHash } from 'node:crypto';

/** Puts a script in front of all others. */
export const injectScript = (html: string, script: string): string => {
  const tag = `<script>${script}</script>`;
  const place = /<head[^>]*>/i.exec(html) ?? /<html[^>]*>/i.exec(html) ?? /<!doctype[^>]*>/i.exec(html);
  const at = place ? place.index + place[0].length : 0;
  return html.slice(0, at) + tag + html.slice(at);
};

const hashSource = (script: string): string => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;

/** With a hash, a policy ignores `'unsafe-inline'` (https://w3c.github.io/webappsec-csp/#allow-all-inline). */
const allowsAllInline = (sources: string): boolean =>
  sources.includes("'unsafe-inline'") && !/'(nonce|sha\d+)-|'strict-dynamic'/.test(sources);

/** A Content-Security-Policy that also allows this inline script. */
export const allowScript = (policy: string, script: string): string => {
  const directives = policy
    .split(';')
    .map((each) => each.trim())
    .filter(Boolean);
  const named = (name: string): number => directives.findIndex((each) => each.split(/\s/)[0]?.toLowerCase() === name);
  const at = [named('script-src-elem'), named('script-src'), named('default-src')].find((index) => index >= 0);
  const directive = at === undefined ? undefined : directives[at];
  if (at === undefined || directive === undefined || allowsAllInline(directive)) return policy;
  const [name = '', ...sources] = directive.split(/\s+/);
  const allowed = [...sources.filter((source) => source !== "'none'"), hashSource(script)].join(' ');
  const changed = `${name === 'default-src' ? 'script-src' : name} ${allowed}`;
  return (name === 'default-src' ? [...directives, changed] : directives.with(at, changed)).join('; ');
};
