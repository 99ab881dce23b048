import { DataDirError } from './data-folder/data-dir-error.ts';
import { noticeText, type OperatorNotice } from './data-folder/operator-notice.ts';
import { DEFAULT_PORT } from './http/http-server.ts';
import { createTrustedProxies } from './http/trusted-proxies.ts';
import { servesFaultRoutes, type ServerOptions } from './server-options.ts';
import { startServer } from './server.ts';

const DEFAULT_DATA_DIR = '.data';
const DEFAULT_DEV_ORIGIN = 'http://localhost:5173';
const STOP_WITHIN_MS = 5_000;
const ANSWER_FOR_MS = 500;
const MAX_PORT = 65_534;

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

/** Requests that arrive meanwhile are answered with 503. A supervisor starts the server again, which then says more. */
const stopLost = (message: string): void => {
  process.stderr.write(`${message}\n`);
  setTimeout(() => process.exit(1), ANSWER_FOR_MS);
};

/** The ready line comes first on standard output (scripts wait for it), so notices of the start wait for it. */
const early: OperatorNotice[] = [];
let isReady = false;
const report = (notice: OperatorNotice): void => {
  if (notice.type !== 'key-created') process.stderr.write(`${noticeText(notice)}\n`);
  else if (isReady) process.stdout.write(`${noticeText(notice)}\n`);
  else early.push(notice);
};
const reportEarly = (): void => {
  isReady = true;
  early.forEach(report);
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
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  return isOrigin ? url.origin : fail(`${name} must be an origin such as https://app.example; it is "${text}".`);
};

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

const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

const optionsFrom = (env: NodeJS.ProcessEnv, flags: readonly string[]): ServerOptions => {
  const isDev = flags.includes('--dev');
  return {
    port: portFrom(given(env['PORT'])),
    host: given(env['HOST']),
    dataDir: given(env['DATA_DIR']) ?? DEFAULT_DATA_DIR,
    secret: given(env['KEEPER_SECRET']),
    keyFile: given(env['KEEPER_KEY_FILE']),
    onNotice: report,
    onLost: stopLost,
    faultRoutes: flags.includes('--lab'),
    distDir: isDev ? false : given(env['DIST_DIR']),
    devOrigin: isDev ? (given(env['DEV_ORIGIN']) ?? DEFAULT_DEV_ORIGIN) : undefined,
    publicOrigin: originFrom('PUBLIC_ORIGIN', given(env['PUBLIC_ORIGIN'])),
    publicIssuer: originFrom('PUBLIC_ISSUER', given(env['PUBLIC_ISSUER'])),
    trustedProxies: proxiesFrom(given(env['TRUSTED_PROXIES'])),
    issuer: given(env['OIDC_ISSUER']),
    clientId: given(env['OIDC_CLIENT_ID']),
    scope: given(env['OIDC_SCOPE']),
    logout: logoutFrom(given(env['OIDC_LOGOUT'])),
    workers: given(env['WORKER_SCRIPTS'])?.split(','),
    trustedTypes: env['TRUSTED_TYPES'] !== '0',
    sealKey: sealKeyFrom(given(env['SEAL_KEY'])),
  };
};

const explain = (error: unknown, { port = DEFAULT_PORT }: ServerOptions): string => {
  if (error instanceof DataDirError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const taken = 'port' in error ? error.port : port;
    return `Port ${String(taken)} is taken. The application uses PORT and its OpenID provider the port after it; set PORT to another number.`;
  }
  return `The server could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
};

// Files of the data folder are for the server's user only.
process.umask(0o077);
const options = optionsFrom(process.env, process.argv.slice(2));
const running = await startServer(options).catch((error: unknown) => fail(explain(error, options)));
process.stdout.write(`Session Keeper ready at ${running.url}/\n`);
reportEarly();
if (servesFaultRoutes(options)) process.stdout.write('The fault routes /lab are on, for this machine only.\n');
else if (options.faultRoutes)
  process.stderr.write('--lab has no effect, because PUBLIC_ORIGIN or PUBLIC_ISSUER is set.\n');

const stop = (): void => {
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  void running.stop().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
