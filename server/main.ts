import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirError } from './data-folder/data-dir-error.ts';
import { noticeText, type NotifyOperator, type OperatorNotice } from './data-folder/operator-notice.ts';
import { optionsFrom, SettingError } from './environment.ts';
import { DEFAULT_PORT } from './http/http-server.ts';
import { createLog, type Log } from './operations/log.ts';
import { DEFAULT_DIST_DIR, type ServerOptions } from './server-options.ts';
import { startServer } from './server.ts';
import { startLines } from './start-lines.ts';

const STOP_WITHIN_MS = 5_000;
const ANSWER_FOR_MS = 500;

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
const createReport = (log: Log): { report: NotifyOperator; reportEarly(): void } => {
  const early: OperatorNotice[] = [];
  let isReady = false;
  const report = (notice: OperatorNotice): void => {
    if (notice.type !== 'key-created') log.warn({ notice: notice.type }, noticeText(notice));
    else if (isReady) process.stdout.write(`${noticeText(notice)}\n`);
    else early.push(notice);
  };
  return {
    report,
    reportEarly: () => {
      isReady = true;
      early.forEach(report);
    },
  };
};

const explain = (error: unknown, port = DEFAULT_PORT): string => {
  if (error instanceof SettingError || error instanceof DataDirError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    const taken = 'port' in error ? error.port : port;
    return `Port ${String(taken)} is taken. The application uses PORT and its OpenID provider the port after it; set PORT to another number.`;
  }
  return `The server could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
};

const readOptions = (): ServerOptions => {
  try {
    return optionsFrom(process.env, process.argv.slice(2));
  } catch (error) {
    return fail(explain(error));
  }
};

/** Without its build a server would answer 404 to everyone, and look healthy. */
const requireBuild = ({ distDir = DEFAULT_DIST_DIR }: ServerOptions): void => {
  if (distDir === false) return;
  const needed = join(distDir, 'index.html');
  if (!existsSync(needed)) fail(`There is no build: ${needed} is missing. Run "npm ci && npm run build" first.`);
};

// Files of the data folder are for the server's user only.
process.umask(0o077);
const options = readOptions();
requireBuild(options);
const log = createLog(options.logLevel ?? 'info');
const { report, reportEarly } = createReport(log);
const running = await startServer({ ...options, log, onNotice: report, onLost: stopLost }).catch((error: unknown) =>
  fail(explain(error, options.port)),
);
process.stdout.write(`${startLines(running.url, options).join('\n')}\n`);
reportEarly();

const stop = (): void => {
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  void running.stop().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
