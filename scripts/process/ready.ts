import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY = /^Session Keeper ready at (https?:\/\/\S+)$/;

/**
 * Waits for the server's first word and gives the URL it serves at; other lines go to `other`.
 * The child's standard output must be a pipe. Rejects when the process ends before it is ready.
 */
export const ready = (child: ChildProcess, other: (line: string) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('The standard output of the server is not a pipe.'));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The server ended before it was ready (exit ${code}).`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = READY.exec(line)?.[1];
      if (url === undefined) other(line);
      else resolve(url);
    });
  });
