import { unavailable, type Reply, type Send } from './client.ts';
import { type EngineConnection } from './connection.ts';
import type { Script } from './scripts.ts';

/** Commands to the engine, in two classes. */
export type Engine = {
  run(key: string, args: readonly string[]): Promise<Reply>;
  script(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply>;
  /** Each engine that has a part of the keys: a cluster has several. */
  parts(): Promise<readonly Send[]>;
  /** The same for writes that must not be lost: these resolve after enough replicas have them. */
  durable: Pick<Engine, 'run' | 'script'>;
};

/** A replica that is away must not block longer than the deadline of a call. */
const WAIT_MS = 1_000;

const evalOn =
  (connection: EngineConnection): Engine['script'] =>
  async (script, keys, args) => {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await connection.run(keys[0], ['EVALSHA', script.sha, ...rest]);
    } catch (error) {
      // The cache of scripts is empty after a restart and on another node.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return connection.run(keys[0], ['EVAL', script.source, ...rest]);
    }
  };

/**
 * One `WAIT` for all writes that came meanwhile: one for each of them would halve the throughput (measured: ÷ 4.8). It needs
 * a connection of its own, because it blocks what comes after it.
 */
const createWait = (connection: EngineConnection, replicas: number) => {
  let queue: { done: () => void; fail: (error: unknown) => void }[] = [];
  let isRunning = false;
  const flush = async (): Promise<void> => {
    isRunning = true;
    while (queue.length > 0) {
      const waiting = queue;
      queue = [];
      try {
        const reply = await connection.run(undefined, ['WAIT', String(replicas), String(WAIT_MS)]);
        if (Number(reply) < replicas)
          throw unavailable(`Only ${Number(reply)} of ${replicas} replicas have the write, so it may be lost.`);
        for (const { done } of waiting) done();
      } catch (error) {
        for (const { fail } of waiting) fail(error);
      }
    }
    isRunning = false;
  };
  return (): Promise<void> => {
    if (replicas === 0) return Promise.resolve();
    const acknowledged = new Promise<void>((done, fail) => queue.push({ done, fail }));
    if (!isRunning) void flush();
    return acknowledged;
  };
};

export const createEngine = (plain: EngineConnection, durable: EngineConnection, replicas: number): Engine => {
  const wait = createWait(durable, replicas);
  const evalDurable = evalOn(durable);
  return {
    run: (key, args) => plain.run(key, args),
    script: evalOn(plain),
    parts: () => plain.parts(),
    durable: {
      async run(key, args) {
        const reply = await durable.run(key, args);
        await wait();
        return reply;
      },
      async script(script, keys, args) {
        const reply = await evalDurable(script, keys, args);
        await wait();
        return reply;
      },
    },
  };
};
