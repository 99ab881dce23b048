import type { Result } from '../../../protocol/problem.ts';
import { isObject } from '../../../protocol/schema/json.ts';
import type { BackendRequest } from '../../../protocol/sign-in-config.ts';
import { boundedFetch, DIRECT_FETCH, type FetchBounds, type HttpAnswer } from '../../runtime/http.ts';
import { sendDirectly } from '../../runtime/send-directly.ts';

/** What a request is about, by the names that stand in braces in its configuration. */
export type Values = { readonly [name: string]: string | undefined };

const PLACEHOLDER = /\{(\w+)\}/g;

/** A text that is one placeholder alone is left out where there is no value. */
const fillText = (text: string, values: Values): string | undefined => {
  const [, only] = /^\{(\w+)\}$/.exec(text) ?? [];
  return only === undefined ? text.replaceAll(PLACEHOLDER, (_all, name: string) => values[name] ?? '') : values[only];
};

const fill = (template: unknown, values: Values): unknown => {
  if (typeof template === 'string') return fillText(template, values);
  if (Array.isArray(template)) return template.map((each) => fill(each, values));
  if (!isObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([name, each]) => [name, fill(each, values)]));
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const fieldsOf = (body: unknown): [string, string][] =>
  isObject(body)
    ? Object.entries(body).flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(value)]]))
    : [];

const FORM_TYPE = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'DELETE']);

export type BackendCall = {
  request: BackendRequest;
  /** The body where the configuration has none: the names of OAuth 2.0. */
  standardBody: unknown;
  values: Values;
  /** Whether cookies of the backend go with the request, also to another origin. Such a server must allow it in CORS. */
  withCookies: boolean;
  /** Headers that another part adds, such as a CSRF token. */
  headers?: { readonly [name: string]: string } | undefined;
};

/** The request as `fetch` takes it. */
const initOf = ({
  request,
  standardBody,
  values,
  withCookies,
  headers: more,
}: BackendCall): RequestInit & { headers: Headers } => {
  const given = typeof request === 'string' ? { url: request } : request;
  const { method = 'POST', encoding = 'json', headers: own = {}, body = standardBody } = given;
  const headers = new Headers({ accept: JSON_TYPE, ...more });
  for (const [name, text] of Object.entries(own)) {
    const value = fillText(text, values);
    if (value !== undefined) headers.set(name, value);
  }
  const credentials = withCookies ? 'include' : 'same-origin';
  const init = { ...DIRECT_FETCH, method, headers, credentials } as const;
  if (WITHOUT_BODY.has(method) || body === undefined) return init;
  const filled = fill(body, values);
  if (!headers.has('content-type')) headers.set('content-type', encoding === 'form' ? FORM_TYPE : JSON_TYPE);
  return {
    ...init,
    body: encoding === 'form' ? new URLSearchParams(fieldsOf(filled)).toString() : JSON.stringify(filled),
  };
};

/** Sends one configured request to an application's own backend. */
export const callBackend = (call: BackendCall, bounds: FetchBounds): Promise<Result<HttpAnswer>> => {
  const { request, values } = call;
  const template = typeof request === 'string' ? request : request.url;
  const url = template.replaceAll(PLACEHOLDER, (_all, name: string) => encodeURIComponent(values[name] ?? ''));
  const init = initOf(call);
  return boundedFetch((signal) => sendDirectly(url, { ...init, signal }), url, bounds);
};
