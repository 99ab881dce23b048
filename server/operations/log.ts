import { pino } from 'pino';

/** Levels of the log, from the most lines to none (`LOG_LEVEL`). */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The structured log: one JSON object on each line of standard error, where the service manager or the container collects
 * and rotates it. `fields` hold no secret and no full address.
 */
export type Log = {
  [Level in Exclude<LogLevel, 'silent'>]: (fields: { readonly [name: string]: unknown }, message: string) => void;
};

const STANDARD_ERROR = 2;
/** A last defence: code passes none of these names to the log. */
const SECRETS = ['authorization', 'cookie', 'token', 'access_token', 'refresh_token', 'password', 'apiKey', 'dpop'];

/** `write`: receives each line, instead of standard error. */
export const createLog = (level: LogLevel, write?: (line: string) => void): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), remove: true },
    },
    // Synchronous: the last lines before an exit are the important ones.
    write ? { write } : pino.destination({ dest: STANDARD_ERROR, sync: true }),
  );

/** The network of an address, without the person: /24 of IPv4 and /48 of IPv6. */
export const maskedAddress = (address: string): string =>
  address.includes('.')
    ? address.replace(/\.\d+$/, '.0')
    : `${address.split('::')[0]?.split(':').slice(0, 3).join(':') ?? ''}::`;
