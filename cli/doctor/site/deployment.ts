import { CONFIG_GLOBAL, type CodecName } from '../../../src/protocol/config.ts';
import { isObject, numberAt, own, parseJson, stringAt, type JsonObject } from '../../../src/protocol/schema/json.ts';

export type Oidc = { issuer: string; clientId: string; scope: string; callback: string };
export type Password = { login: string; refresh: string; logout: string; reuseGraceMs: number };
export type Socket = {
  url: string;
  codec: CodecName;
  ticket: { url: string; method: 'GET' | 'POST' } | undefined;
  /** Where the ticket travels. */
  carry: 'protocol' | 'query';
};

/** What the checks need of the configuration in a worker script; anything of another shape is left out. */
export type Deployment = {
  whoami: string | undefined;
  oidc: Oidc | undefined;
  password: Password | undefined;
  sockets: readonly Socket[];
  /** Whether this copy of the script carries a seal. The seal itself is not kept: it must reach no output. */
  sealed: boolean;
};

const parseOidc = (value: unknown): Oidc | undefined => {
  if (!isObject(value)) return undefined;
  const issuer = stringAt(value, 'issuer');
  const clientId = stringAt(value, 'clientId');
  const callback = stringAt(value, 'callback');
  if (issuer === undefined || clientId === undefined || callback === undefined || !URL.canParse(issuer))
    return undefined;
  return { issuer, clientId, callback, scope: stringAt(value, 'scope') ?? 'openid' };
};

const parsePassword = (value: unknown): Password | undefined => {
  if (!isObject(value)) return undefined;
  const login = stringAt(value, 'login');
  const refresh = stringAt(value, 'refresh');
  const logout = stringAt(value, 'logout');
  if (login === undefined || refresh === undefined || logout === undefined) return undefined;
  return { login, refresh, logout, reuseGraceMs: numberAt(value, 'reuseGraceMs') ?? 0 };
};

const objectAt = (value: JsonObject, key: string): JsonObject => {
  const found = own(value, key);
  return isObject(found) ? found : {};
};

const parseSocket = (value: unknown): readonly Socket[] => {
  if (!isObject(value)) return [];
  const url = stringAt(value, 'url');
  const codec = stringAt(value, 'codec');
  if (url === undefined || codec === undefined) return [];
  const ticket = objectAt(value, 'ticket');
  const ticketUrl = stringAt(ticket, 'url');
  const method = own(ticket, 'method') === 'GET' ? 'GET' : 'POST';
  const carry = own(ticket, 'carry') === 'query' ? 'query' : 'protocol';
  return [{ url, codec, ticket: ticketUrl === undefined ? undefined : { url: ticketUrl, method }, carry }];
};

const readConfig = (config: JsonObject): Omit<Deployment, 'sealed'> => {
  const signIn = objectAt(config, 'signIn');
  const sockets = own(config, 'sockets');
  return {
    whoami: stringAt(config, 'whoami'),
    oidc: parseOidc(own(signIn, 'oidc')),
    password: parsePassword(own(signIn, 'password')),
    sockets: Array.isArray(sockets) ? sockets.flatMap(parseSocket) : [],
  };
};

const START = `self.${CONFIG_GLOBAL} = `;

/** Reads the first line of a served worker script, `self.__SESSION_KEEPER__ = {…};`; never evaluates it. */
export const parseDeployment = (script: string): Deployment | undefined => {
  const [line = ''] = script.split('\n', 1);
  if (!line.startsWith(START)) return undefined;
  const baked = parseJson(line.slice(START.length).trim().replace(/;$/, ''));
  if (!isObject(baked) || !isObject(own(baked, 'config'))) return undefined;
  return { ...readConfig(objectAt(baked, 'config')), sealed: own(baked, 'seal') !== undefined };
};

/** A `KeeperConfig` as JSON: for a worker that is not baked but calls `keepSession({ config })`. */
export const parseConfig = (text: string): Deployment | undefined => {
  const config = parseJson(text);
  return isObject(config) && isObject(own(config, 'signIn')) ? { ...readConfig(config), sealed: false } : undefined;
};

/** Why a check that needs the configuration is skipped. */
export const UNKNOWN_CONFIG = 'The configuration could not be read from the worker script (see above).';
