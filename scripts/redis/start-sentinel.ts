import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureRedis } from './find-redis.ts';
import { freePortPair } from '../process/free-port.ts';

const accepts = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => done(false));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
  });

/** Sentinels have no `QUIT`, so the first part of the answer must be all of it. */
const ask = async (port: number, line: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${line}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString('utf8');
};

/** One sentinel, which watches the master and decides alone. `settings`: further lines, such as a password. */
export const startSentinel = async (
  name: string,
  masterPort: number,
  settings: readonly string[] = [],
): Promise<{ port: number; command(line: string): Promise<string>; stop(): Promise<void> }> => {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-sentinel-'));
  const port = await freePortPair();
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 10000`,
    ...settings,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(ensureRedis(), [file, '--sentinel'], { stdio: 'ignore' });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`The sentinel ended with ${child.exitCode}.`);
    await delay(20);
  }
  return {
    port,
    command: (line) => ask(port, line),
    async stop() {
      const ended = once(child, 'exit');
      if (child.kill('SIGKILL')) await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
};
