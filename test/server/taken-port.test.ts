import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePortPair, withFreePortPair } from '../../scripts/process/free-port.ts';
import { ready } from '../../scripts/process/ready.ts';
import { startApp } from '../support/server/app.ts';

const run = (script: string) => spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });

describe('the ready line of a server', () => {
  test('resolves with the URL, and passes all other lines on', async () => {
    const lines: string[] = [];
    const child = run("console.log('first'); console.log('Session Keeper ready at http://localhost:1/')");
    expect(await ready(child, (line) => lines.push(line))).toBe('http://localhost:1/');
    expect(lines).toEqual(['first']);
  });

  test('rejects with the last lines of standard error when the server ends before', async () => {
    const child = run("for (let n = 1; n <= 30; n += 1) console.error('line ' + n + '.'); process.exitCode = 3");
    const error = await ready(child, () => {}).catch(String);
    expect(error).toContain('The server ended before it was ready (exit 3).\nline 11.\n');
    expect(error).toMatch(/line 30\.$/);
  });
});

describe('a pair of ports that another process takes', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    port = await freePortPair();
    taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(() => taken.close());

  test('is replaced by another pair when the server reports a taken port', async () => {
    const tried: number[] = [];
    const app = await withFreePortPair((free) => {
      tried.push(free);
      return startApp({ port: tried.length === 1 ? port : free });
    });
    await app.stop();
    expect(tried).toHaveLength(2);
    expect(app.origin).toBe(`http://localhost:${tried[1]}`);
  });

  test('is an error when the caller chose the port', async () => {
    await expect(startApp({ port })).rejects.toThrow(`Port ${port} is taken.`);
  });

  test('is an error after five tries', async () => {
    let tries = 0;
    const start = async (): Promise<void> => {
      tries += 1;
      await once(createServer().listen(port, '127.0.0.1'), 'listening');
    };
    await expect(withFreePortPair(start)).rejects.toThrow('EADDRINUSE');
    expect(tries).toBe(5);
  });

  test('leaves other errors as they are', async () => {
    let tries = 0;
    const start = (): Promise<void> => {
      tries += 1;
      return Promise.reject(new Error('no build in dist'));
    };
    await expect(withFreePortPair(start)).rejects.toThrow('no build in dist');
    expect(tries).toBe(1);
  });
});
