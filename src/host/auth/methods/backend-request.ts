import { fieldsOf, fill, fillAddress, fillText, type Values } from '../../../core/request-template.ts';
import type { Result } from '../../../protocol/problem.ts';
import type { BackendRequest } from '../../../protocol/sign-in-config.ts';
import { boundedFetch, DIRECT_FETCH, type FetchBounds, type HttpAnswer } from '../../runtime/http.ts';
import { sendDirectly } from '../../runtime/send-directly.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'DELETE']);

export type BackendCall = {
  request: BackendRequest;
  /** The template of the body where the configuration has none: the names of OAuth 2.0. */
  standardBody: unknown;
  /** The body where there is neither, as it is: what a person typed may look like a name in braces. */
  plainBody?: unknown;
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
  plainBody,
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
  if (WITHOUT_BODY.has(method) || (body ?? plainBody) === undefined) return init;
  const filled = body === undefined ? plainBody : fill(body, values);
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
  const url = fillAddress(template, values);
  const init = initOf(call);
  return boundedFetch((signal) => sendDirectly(url, { ...init, signal }), url, bounds);
};
