/** Text that is safe between tags and inside quoted attributes. */
export type Markup = { readonly html: string };

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeMarkup = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

type Value = Markup | string | number | readonly Markup[] | undefined;

const asHtml = (value: Value): string => {
  if (value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(String(value));
  return 'html' in value ? value.html : value.map(({ html }) => html).join('');
};

/** A template whose values are escaped, except markup. The site under test chooses much of what a report contains. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Value[]): Markup => ({
  html: strings.map((text, index) => text + (index < values.length ? asHtml(values[index]) : '')).join(''),
});

/** Markup that the lab itself wrote. */
export const trusted = (html: string): Markup => ({ html });
