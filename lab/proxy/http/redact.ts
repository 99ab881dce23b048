import type { IncomingHttpHeaders } from 'node:http';

/** A report is made to be shown around, so no secret of the site may be in it. */
const HIDDEN = '(hidden)';

const SECRET_NAME =
  /(token|ticket|password|passwd|secret|credential|assertion|verifier|api_?key|^key$|^code$|^state$|^sid$|session)/i;
const SECRET_FIELD =
  /("(?:[\w-]*(?:token|ticket|password|secret|credential|assertion|verifier|key)[\w-]*)"\s*:\s*")[^"]*(")/gi;
/** Starts as the Base64 of `{"` does: a JSON Web Token (RFC 7519), or a part of one. */
const WEB_TOKEN = /\beyJ[\w-]{10,}(?:\.[\w-]*){0,4}/g;

const HIDDEN_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'dpop',
  'x-api-key',
  'x-csrf-token',
  'x-xsrf-token',
]);
/** Of a cookie, only its name says something. */
const cookieNames = (value: string): string =>
  value
    .split(/;\s*/)
    .map((pair) => pair.replace(/=.*$/s, `=${HIDDEN}`))
    .join('; ');
const setCookie = (value: string): string => value.replace(/^([^=]*)=[^;]*/, `$1=${HIDDEN}`);

const SCHEME_AND_TOKEN = /\b(Bearer|DPoP|Basic|Token)\s+[\w.~+/=-]{4,}/gi;

export const redactText = (text: string): string => {
  const withoutFields = text
    .replaceAll(SCHEME_AND_TOKEN, `$1 ${HIDDEN}`)
    .replaceAll(SECRET_FIELD, `$1${HIDDEN}$2`)
    .replaceAll(WEB_TOKEN, HIDDEN);
  return withoutFields.replaceAll(/([?&#]|^)([\w.-]+)=([^&#\s"]+)/g, (whole, before: string, name: string) =>
    SECRET_NAME.test(name) ? `${before}${name}=${HIDDEN}` : whole,
  );
};

export const redactUrl = (url: string): string => redactText(url);

const SCHEME = /^(\w+)\s/;
/** Of an `Authorization` header, the scheme says something. */
const hiddenHeader = (value: string): string => {
  const scheme = SCHEME.exec(value)?.[1];
  return scheme === undefined ? HIDDEN : `${scheme} ${HIDDEN}`;
};

const redactHeader = (name: string, value: string): string => {
  if (HIDDEN_HEADERS.has(name)) return hiddenHeader(value);
  if (name === 'cookie') return cookieNames(value);
  if (name === 'set-cookie') return setCookie(value);
  if (name === 'sec-websocket-protocol')
    return value
      .split(/,\s*/)
      .map((each) => (each.length > LONGEST_PROTOCOL_NAME ? HIDDEN : each))
      .join(', ');
  return redactText(value);
};

/** A WebSocket subprotocol with a longer name is probably a ticket. */
export const LONGEST_PROTOCOL_NAME = 24;

export const redactHeaders = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const values = Array.isArray(value) ? value : [value];
      return [[name, values.map((each) => redactHeader(name, each)).join(', ')]];
    }),
  );

/** The credentials in a request: its bearer token, a ticket in its URL, a ticket among its subprotocols. */
export const credentialsIn = (url: URL, headers: IncomingHttpHeaders): string[] => {
  const { authorization, 'sec-websocket-protocol': protocols } = headers;
  return [
    ...(authorization === undefined ? [] : [authorization]),
    ...[...url.searchParams].filter(([name]) => SECRET_NAME.test(name)).map(([, value]) => value),
    ...(protocols?.split(/,\s*/).filter((name) => name.length > LONGEST_PROTOCOL_NAME) ?? []),
  ];
};
