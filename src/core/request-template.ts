import { isObject } from '../protocol/schema/json.ts';

/** What a request is about, by the names that stand in braces in its configuration. */
export type Values = { readonly [name: string]: string | undefined };

const PLACEHOLDER = /\{(\w+)\}/g;

/** A text that is one placeholder alone is left out where there is no value. */
export const fillText = (text: string, values: Values): string | undefined => {
  const [, only] = /^\{(\w+)\}$/.exec(text) ?? [];
  return only === undefined ? text.replaceAll(PLACEHOLDER, (_all, name: string) => values[name] ?? '') : values[only];
};

export const fill = (template: unknown, values: Values): unknown => {
  if (typeof template === 'string') return fillText(template, values);
  if (Array.isArray(template)) return template.map((each) => fill(each, values));
  if (!isObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([name, each]) => [name, fill(each, values)]));
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The fields of a form. Nested values are JSON. */
export const fieldsOf = (body: unknown): [string, string][] =>
  isObject(body)
    ? Object.entries(body).flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(value)]]))
    : [];

export const fillAddress = (template: string, values: Values): string =>
  template.replaceAll(PLACEHOLDER, (_all, name: string) => encodeURIComponent(values[name] ?? ''));
