import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY = /^Session Keeper ready at (https?:\/\/\S+)$/;
const LAST_LINES = 20;

/**
 * Waits for the server's ready line and returns the URL in it. Every other line of standard output and standard error
 * goes to `other`, also after the server is ready: a full pipe would block the server.
 * Standard output must be a pipe. Where standard error is a pipe too, the error of an early end carries its last lines.
 */
export const ready = (child: ChildProcess, other: (line: string, from: 'output' | 'errors') => void): Promise<string> =>
  new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('The standard output of the server is not a pipe.'));
    const errors: string[] = [];
    child.once('error', reject);
    // `close` comes after the last byte of both streams, `exit` may come before.
    child.once('close', (code) => {
      const ended = `The server ended before it was ready (exit ${code}).`;
      reject(new Error([ended, ...errors.slice(-LAST_LINES)].join('\n')));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = READY.exec(line)?.[1];
      if (url === undefined) other(line, 'output');
      else resolve(url);
    });
    if (!child.stderr) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      errors.push(line);
      if (errors.length > LAST_LINES) errors.shift();
      other(line, 'errors');
    });
  });
