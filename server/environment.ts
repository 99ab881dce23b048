import { DEFAULT_PORT } from './http/http-server.ts';
import { createTrustedProxies } from './http/trusted-proxies.ts';
import { parseStoreAddress } from './redis/engine/address.ts';
import { LOG_LEVELS, type LogLevel } from './operations/log.ts';
import type { ServerOptions } from './server-options.ts';

const DEFAULT_DATA_DIR = '.data';
const DEFAULT_DEV_ORIGIN = 'http://localhost:5173';
const MAX_PORT = 65_534;

/** A setting has a value that the server cannot use. The message names the variable and says what it must be. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

const fail = (message: string): never => {
  throw new SettingError(message);
};

const portFrom = (text: string | undefined): number => {
  const port = Number(text ?? DEFAULT_PORT);
  const isPort = Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
  return isPort ? port : fail(`PORT must be a number from 0 to ${MAX_PORT}; it is "${text}".`);
};

const sealKeyFrom = (text: string | undefined): number | undefined => {
  const key = text === undefined ? undefined : Number(text);
  if (key !== undefined && !(Number.isInteger(key) && key > 0)) fail(`SEAL_KEY must be 1, 2, …; it is "${text}".`);
  return key;
};

const originFrom = (name: string, text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && /^https?:\/\/[\w.:[\]-]+\/$/.test(url.href) && `${url.origin}/` === url.href;
  return isOrigin ? url.origin : fail(`${name} must be an origin such as https://app.example; it is "${text}".`);
};

const embeddersFrom = (text: string | undefined): string[] | undefined =>
  text?.split(',').flatMap((each) => originFrom('VAULT_EMBEDDERS', each.trim()) ?? []);

const MAX_DEVICE_BOUND_SECONDS = 3_600;
const deviceBoundFrom = (text: string | undefined): number | undefined => {
  const seconds = text === undefined ? undefined : Number(text);
  const isSeconds = Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= MAX_DEVICE_BOUND_SECONDS;
  return seconds === undefined || isSeconds
    ? seconds
    : fail(`DEVICE_BOUND_SECONDS must be 1 to ${MAX_DEVICE_BOUND_SECONDS}; it is "${text}".`);
};

const isOn = (name: string, text: string | undefined): boolean =>
  text === '1' || (text === undefined || text === '0' ? false : fail(`${name} must be 1 or 0; it is "${text}".`));

const logoutFrom = (text: string | undefined): ServerOptions['logout'] =>
  text === undefined || text === 'local' || text === 'provider'
    ? text
    : fail(`OIDC_LOGOUT must be local or provider; it is "${text}".`);

const proxiesFrom = (text: string | undefined): readonly string[] | undefined => {
  const networks = text?.split(',').map((network) => network.trim());
  try {
    if (networks) createTrustedProxies(networks);
    return networks;
  } catch (error) {
    return fail(`TRUSTED_PROXIES: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const logLevelFrom = (text: string | undefined): LogLevel | undefined => {
  const level = LOG_LEVELS.find((known) => known === text);
  return text === undefined || level !== undefined
    ? level
    : fail(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}; it is "${text}".`);
};

const MIN_TOKEN_LENGTH = 16;
const metricsTokenFrom = (text: string | undefined): string | undefined =>
  text === undefined || text.length >= MIN_TOKEN_LENGTH
    ? text
    : fail(`METRICS_TOKEN must have at least ${MIN_TOKEN_LENGTH} characters.`);

const storeFrom = (text: string | undefined): string | undefined => {
  try {
    if (text !== undefined) parseStoreAddress(text);
    return text;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

/** The argument after a flag, or after its `=`. */
const valueOf = (flags: readonly string[], name: string): string | undefined => {
  const at = flags.indexOf(name);
  if (at >= 0) return flags[at + 1] ?? fail(`${name} needs a value.`);
  return flags.find((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1);
};

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** Reads the environment variables of docs/reference/environment.md. Throws a `SettingError`. */
export const optionsFrom = (env: NodeJS.ProcessEnv, flags: readonly string[]): ServerOptions => {
  const isDev = flags.includes('--dev');
  return {
    port: portFrom(given(env['PORT'])),
    host: given(env['HOST']),
    dataDir: given(env['DATA_DIR']) ?? DEFAULT_DATA_DIR,
    store: storeFrom(valueOf(flags, '--store') ?? given(env['STORE'])),
    adoptEmptyStore: flags.includes('--adopt-empty-store'),
    secret: given(env['KEEPER_SECRET']),
    keyFile: given(env['KEEPER_KEY_FILE']),
    faultRoutes: flags.includes('--lab'),
    distDir: isDev ? false : given(env['DIST_DIR']),
    formerDistDir: given(env['FORMER_DIST_DIR']),
    devOrigin: isDev ? (given(env['DEV_ORIGIN']) ?? DEFAULT_DEV_ORIGIN) : undefined,
    publicOrigin: originFrom('PUBLIC_ORIGIN', given(env['PUBLIC_ORIGIN'])),
    publicIssuer: originFrom('PUBLIC_ISSUER', given(env['PUBLIC_ISSUER'])),
    trustedProxies: proxiesFrom(given(env['TRUSTED_PROXIES'])),
    issuer: given(env['OIDC_ISSUER']),
    clientId: given(env['OIDC_CLIENT_ID']),
    audience: given(env['OIDC_AUDIENCE']),
    scope: given(env['OIDC_SCOPE']),
    logout: logoutFrom(given(env['OIDC_LOGOUT'])),
    workers: given(env['WORKER_SCRIPTS'])?.split(','),
    serverPaths: given(env['SERVER_PATHS'])?.split(','),
    deviceBoundSeconds: deviceBoundFrom(given(env['DEVICE_BOUND_SECONDS'])),
    severalSessions: isOn('SEVERAL_SESSIONS', given(env['SEVERAL_SESSIONS'])),
    vaultEmbedders: embeddersFrom(given(env['VAULT_EMBEDDERS'])),
    trustedTypes: env['TRUSTED_TYPES'] !== '0',
    sealKey: sealKeyFrom(given(env['SEAL_KEY'])),
    // A person reads the terminal of `npm start`; a machine collects the lines of a service.
    logLevel: logLevelFrom(given(env['LOG_LEVEL'])) ?? (isDev || flags.includes('--lab') ? 'warn' : 'info'),
    metricsToken: metricsTokenFrom(given(env['METRICS_TOKEN'])),
  };
};
