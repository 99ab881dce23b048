import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureRedis } from './find-redis.ts';

export type RedisProcess = {
  readonly port: number;
  /** `redis://127.0.0.1:port`. */
  readonly url: string;
  /** Sends one command in the inline form of the protocol, and resolves with the answer as text. */
  command(line: string): Promise<string>;
  /** `SIGSTOP` hangs it, `SIGCONT` lets it go on. */
  signal(name: NodeJS.Signals): void;
  /** Ends it, and resolves when it is gone. Its files stay. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files. `empty`: without its files. */
  restart(options?: { empty?: boolean }): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
};

const READY_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 20;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const ask = async (port: number, line: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  // `QUIT` ends the connection after the answer. A half-closed one would end a `WAIT` that blocks without an answer.
  socket.write(`${line}\r\nQUIT\r\n`);
  // `once` of node:events would reject with the error of a server that does not listen yet.
  await new Promise((done) => socket.once('close', done));
  return Buffer.concat(chunks).toString('utf8');
};

/** An engine with a password answers `NOAUTH` once it is ready. */
const isReady = async (port: number): Promise<boolean> => /PONG|NOAUTH/.test(await ask(port, 'PING'));

/** Redis on a free port of this machine, with its log of writes on, and its files in a folder of its own. */
export const startRedis = async (args: readonly string[] = []): Promise<RedisProcess> => {
  const program = ensureRedis();
  const dir = mkdtempSync(join(tmpdir(), 'keeper-redis-'));
  const port = await freePort();
  let child: ChildProcess;
  // A test that ends early leaves nothing behind.
  process.once('exit', () => void child.kill('SIGKILL'));

  const start = async (): Promise<void> => {
    const settings = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--appendonly',
      'yes',
      '--save',
      '',
      '--shutdown-timeout',
      '0',
    ];
    const started = spawn(program, [...settings, ...args], { stdio: 'ignore' });
    child = started;
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await isReady(port))) {
      if (started.exitCode !== null) throw new Error(`${program} ended with ${started.exitCode}.`);
      if (performance.now() > deadline) throw new Error(`${program} did not start within ${READY_WITHIN_MS} ms.`);
      await delay(LOOK_EVERY_MS);
    }
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command: (line) => ask(port, line),
    signal: (name) => void child.kill(name),
    kill,
    async restart({ empty = false } = {}) {
      // Redis may write its log up to 2 s late, so a kill can lose what it acknowledged (`appendfsync everysec`,
      // https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/).
      await kill('SIGTERM');
      if (empty) rmSync(join(dir, 'appendonlydir'), { recursive: true, force: true });
      await start();
    },
    async stop() {
      await kill();
      try {
        rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
      } catch {
        // A killed server leaves its child, which may still write a copy for a replica into this temporary folder.
      }
    },
  };
};
