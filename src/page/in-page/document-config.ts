import type {
  ApiRule,
  KeeperConfig,
  OidcConfig,
  PasswordConfig,
  SocketConfig,
  TicketConfig,
} from '../../protocol/config.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';

type Fields<K extends string> = { [key in K]: string };

/** All of the keys as strings, or nothing. */
const strings = <K extends string>(value: JsonObject, keys: readonly K[]): Fields<K> | undefined => {
  const found: Partial<Fields<K>> = {};
  for (const key of keys) {
    const text = stringAt(value, key);
    if (text === undefined) return undefined;
    found[key] = text;
  }
  const isWhole = (fields: Partial<Fields<K>>): fields is Fields<K> => keys.every((key) => key in fields);
  return isWhole(found) ? found : undefined;
};

const listOf = <T>(value: unknown, parse: (item: JsonObject) => T | undefined): T[] | undefined => {
  if (!Array.isArray(value)) return undefined;
  const items = (value as unknown[]).map((item) => (isObject(item) ? parse(item) : undefined));
  const isWhole = (parsed: readonly (T | undefined)[]): parsed is T[] => !parsed.includes(undefined);
  return isWhole(items) ? items : undefined;
};

const parseRule = (value: JsonObject): ApiRule | undefined => {
  const rule = strings(value, ['origin', 'path']);
  const paths = (name: string): string[] | undefined => {
    const list = own(value, name);
    return Array.isArray(list) ? (list as unknown[]).filter((path) => typeof path === 'string') : undefined;
  };
  return rule && { ...rule, media: paths('media'), redirects: paths('redirects') };
};

const parseSocket = (value: JsonObject): SocketConfig | undefined => {
  const url = stringAt(value, 'url');
  const codec = stringAt(value, 'codec');
  const ticket = own(value, 'ticket');
  if (url === undefined || codec === undefined || !isObject(ticket)) return undefined;
  const mint = stringAt(ticket, 'url');
  const method = own(ticket, 'method') === 'GET' ? 'GET' : 'POST';
  const carry = own(ticket, 'carry') === 'query' ? 'query' : 'protocol';
  return mint === undefined ? undefined : { url, codec, ticket: { url: mint, method, carry } };
};

const parseOidc = (value: JsonObject): OidcConfig | undefined => {
  const fields = strings(value, ['issuer', 'clientId', 'scope', 'callback']);
  return (
    fields && {
      ...fields,
      resource: stringAt(value, 'resource'),
      reuseGraceMs: numberAt(value, 'reuseGraceMs') ?? 0,
      grantPerSignIn: own(value, 'grantPerSignIn') === true,
    }
  );
};

const parsePassword = (value: JsonObject): PasswordConfig | undefined => {
  const fields = strings(value, ['login', 'refresh', 'logout']);
  return fields && { ...fields, reuseGraceMs: numberAt(value, 'reuseGraceMs') ?? 0 };
};

const parseTicketKind = (value: JsonObject): TicketConfig | undefined => strings(value, ['login', 'status', 'logout']);

const parseSignIn = (value: unknown): KeeperConfig['signIn'] | undefined => {
  if (!isObject(value)) return undefined;
  const kind = <T>(name: string, parse: (config: JsonObject) => T | undefined): T | undefined => {
    const config = own(value, name);
    return isObject(config) ? parse(config) : undefined;
  };
  return {
    oidc: kind('oidc', parseOidc),
    password: kind('password', parsePassword),
    ticket: kind('ticket', parseTicketKind),
  };
};

/** `undefined` for anything that is not a whole configuration (config.ts). */
export const parseConfig = (text: string): KeeperConfig | undefined => {
  const value = parseJson(text);
  if (!isObject(value)) return undefined;
  const api = listOf(own(value, 'api'), parseRule);
  const whoami = stringAt(value, 'whoami');
  const signIn = parseSignIn(own(value, 'signIn'));
  const sockets = listOf(own(value, 'sockets') ?? [], parseSocket);
  return api && whoami !== undefined && signIn && sockets ? { api, whoami, signIn, sockets } : undefined;
};

/** The configuration that the document brings along for pages without a worker. */
export const documentConfig = (): KeeperConfig | undefined =>
  parseConfig(document.querySelector('script[type="application/json"]#session-keeper')?.textContent ?? '');
