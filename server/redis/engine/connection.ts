import { startTimer } from '../../../src/protocol/timing/timer.ts';
import { StoreUnavailable } from '../../base/store.ts';
import {
  DEADLINE_MS,
  openClient,
  reasonOf,
  unavailable,
  within,
  type EngineClient,
  type EngineClientOptions,
  type Reply,
  type Send,
} from './client.ts';

/** One connection to the engine, which it opens again by itself. */
export type EngineConnection = {
  readonly isReady: boolean;
  /** Sends a command. Rejects with `StoreUnavailable` when the engine cannot do it now, or does not answer in time. */
  run(key: string | undefined, args: readonly string[]): Promise<Reply>;
  /** Each engine that has a part of the keys. */
  parts(): Promise<readonly Send[]>;
  /** Resolves when messages of the channel arrive. They go to `onMessage`. */
  subscribe(channels: readonly string[]): Promise<void>;
  unsubscribe(channels: readonly string[]): Promise<void>;
  /** Closes it and opens it again: it seems dead. */
  reset(): void;
  /** Resolves when it is ready, or after this time. */
  opened(withinMs: number): Promise<void>;
  close(): void;
};

export type EngineConnectionOptions = EngineClientOptions & {
  /** Runs on each new connection before anything else uses it. A rejection closes the connection. */
  onOpen?: (() => Promise<void>) | undefined;
  /** It cannot be used, for this reason, from now until `onBack`. */
  onAway?: ((reason: string) => void) | undefined;
  onBack?: (() => void) | undefined;
  onMessage?: ((channel: string, message: string) => void) | undefined;
};

const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 500;

/**
 * Errors of an engine that cannot do it now: it starts, has no memory, has not enough replicas, or is a replica itself
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
 */
const UNAVAILABLE =
  /^(LOADING|OOM|NOREPLICAS|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOAUTH|WRONGPASS|NOPERM)\b/;
/** After these the connection leads to the wrong engine. */
const WRONG_NODE = /^(READONLY|MASTERDOWN)\b/;

type State =
  | { state: 'opening' }
  | { state: 'ready'; client: EngineClient }
  | { state: 'waiting'; cancel: () => void }
  | { state: 'closed' };

class ManagedConnection implements EngineConnection {
  readonly #options: EngineConnectionOptions;
  #state: State = { state: 'opening' };
  #failures = 0;
  #isAway = false;
  #waiters: (() => void)[] = [];
  /** The same for all channels: the client keeps each listener once, so no message comes twice. */
  readonly #listener = (message: string, channel: string): void => this.#options.onMessage?.(channel, message);

  constructor(options: EngineConnectionOptions) {
    this.#options = options;
    void this.#open();
  }

  get isReady(): boolean {
    return this.#state.state === 'ready';
  }

  async run(key: string | undefined, args: readonly string[]): Promise<Reply> {
    if (this.#state.state !== 'ready') throw unavailable('The store cannot be reached.');
    return this.#runOn(this.#state.client, key, args);
  }

  async parts(): Promise<readonly Send[]> {
    if (this.#state.state !== 'ready') throw unavailable('The store cannot be reached.');
    const { client } = this.#state;
    const parts = await this.#guard(client, client.parts());
    return parts.map(
      (send): Send =>
        (args) =>
          this.#guard(client, send(args)),
    );
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    if (this.#state.state !== 'ready') throw unavailable('The store cannot be reached.');
    const { client } = this.#state;
    await this.#guard(client, client.subscribe([...channels], this.#listener));
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (this.#state.state !== 'ready') return;
    const { client } = this.#state;
    await this.#guard(client, client.unsubscribe([...channels]));
  }

  reset(): void {
    if (this.#state.state === 'ready') this.#lost(this.#state.client, 'It sends no messages.');
  }

  opened(withinMs: number): Promise<void> {
    if (this.isReady) return Promise.resolve();
    return new Promise((done) => {
      const cancel = startTimer(done, withinMs);
      this.#waiters.push(() => {
        cancel();
        done();
      });
    });
  }

  close(): void {
    const former = this.#state;
    this.#state = { state: 'closed' };
    if (former.state === 'ready') former.client.destroy();
    if (former.state === 'waiting') former.cancel();
  }

  #runOn(client: EngineClient, key: string | undefined, args: readonly string[]): Promise<Reply> {
    return this.#guard(client, client.send(key, args));
  }

  async #guard<T>(client: EngineClient, work: Promise<T>): Promise<T> {
    try {
      return await within(work, DEADLINE_MS, 'The store does not answer.');
    } catch (error) {
      const { ErrorReply } = this.#options.redis;
      if (!(error instanceof ErrorReply)) {
        this.#lost(client, reasonOf(error));
        throw error instanceof StoreUnavailable ? error : unavailable('The connection to the store broke.', error);
      }
      if (WRONG_NODE.test(error.message)) this.#lost(client, error.message);
      throw UNAVAILABLE.test(error.message)
        ? unavailable(`The store cannot do this now: ${error.message}`, error)
        : error;
    }
  }

  async #open(): Promise<void> {
    const { onOpen, onBack } = this.#options;
    let opened: EngineClient | undefined;
    // A client may end while it opens.
    let isLost = false;
    const onLost = (): void => {
      isLost = true;
      if (opened) this.#lost(opened, 'The connection broke.');
    };
    try {
      opened = await openClient(this.#options, onLost);
      if (isLost) throw unavailable('The connection to the store broke.');
      if (this.#state.state === 'closed') return opened.destroy();
      this.#state = { state: 'ready', client: opened };
      await onOpen?.();
      this.#failures = 0;
      if (this.#isAway) onBack?.();
      this.#isAway = false;
      for (const wake of this.#waiters.splice(0)) wake();
    } catch (error) {
      if (opened && this.#state.state === 'ready') return this.#lost(opened, reasonOf(error));
      opened?.destroy();
      this.#openLater(reasonOf(error));
    }
  }

  #lost(client: EngineClient, reason: string): void {
    if (this.#state.state !== 'ready' || this.#state.client !== client) return;
    this.#openLater(reason);
    client.destroy();
  }

  /** With chance, so that the instances do not come at the same moment. */
  #openLater(reason: string): void {
    if (this.#state.state === 'closed') return;
    if (!this.#isAway) this.#options.onAway?.(reason);
    this.#isAway = true;
    const ms = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    const cancel = startTimer(() => {
      this.#state = { state: 'opening' };
      void this.#open();
    }, ms);
    this.#state = { state: 'waiting', cancel };
  }
}

export const openEngineConnection = (options: EngineConnectionOptions): EngineConnection =>
  new ManagedConnection(options);
