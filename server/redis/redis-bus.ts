import type { Bus } from '../storage/storage.ts';
import type { EngineConnection } from './engine/connection.ts';
import type { Engine } from './engine/engine.ts';
import type { Keys } from './engine/keys.ts';

/** A channel. `listeners` counts how often each was added. `subscribed`: when the engine sends its messages. */
type Channel = { listeners: Map<(message: string) => void, number>; subscribed: Promise<void> };

export type RedisBus = Bus & {
  /** For `EngineConnectionOptions` of the subscriber. */
  onOpen(connection: EngineConnection): Promise<void>;
  /**
   * All connections are back after one of them was away. A network that swallows packets can take messages from the
   * subscriber and end no connection: then only a call on another connection notices it.
   */
  onBack(): void;
  onMessage(channel: string, message: string): void;
  stop(): void;
};

/** Channels of one command. */
const BATCH = 500;
const BEAT_EVERY_MS = 1_000;
/** A subscription can die while its connection lives (https://github.com/centrifugal/centrifugo/issues/1189). */
const DEAD_AFTER_MS = 4_000;
/** A person who reloads a page comes back at once. */
const KEEP_MS = 2_000;

export const createRedisBus = (
  { engine, keys, id }: { engine: Engine; keys: Keys; id: string },
  subscriber: () => EngineConnection,
): RedisBus => {
  const channels = new Map<string, Channel>();
  const resumed: (() => void)[] = [];
  const beat = keys.channel(`beat/${id}`);
  let beatAt = performance.now();
  let hasOpened = false;
  const resume = (): void => {
    for (const listener of resumed) listener();
  };

  const end = (name: string, channel: Channel): void => {
    if (channel.listeners.size > 0 || channels.get(name) !== channel) return;
    channels.delete(name);
    // Whether it is still subscribed does not matter: its messages have no listener.
    subscriber()
      .unsubscribe([name])
      .catch(() => undefined);
  };

  const add = (name: string): Channel => {
    const subscribed = subscriber().subscribe([name]);
    const channel: Channel = { listeners: new Map(), subscribed };
    channels.set(name, channel);
    subscribed.catch(() => undefined);
    return channel;
  };

  const timer = setInterval(() => {
    engine.run(beat, ['PUBLISH', beat, '']).catch(() => undefined);
    if (performance.now() - beatAt > DEAD_AFTER_MS) {
      beatAt = performance.now();
      subscriber().reset();
    }
  }, BEAT_EVERY_MS);

  return {
    async publish(channel, message) {
      const name = keys.channel(channel);
      await engine.run(name, ['PUBLISH', name, message]);
    },
    async subscribe(channelName, listener) {
      const name = keys.channel(channelName);
      const channel = channels.get(name) ?? add(name);
      channel.listeners.set(listener, (channel.listeners.get(listener) ?? 0) + 1);
      let isEnded = false;
      const stop = (): void => {
        if (isEnded) return;
        isEnded = true;
        const left = (channel.listeners.get(listener) ?? 1) - 1;
        if (left > 0) channel.listeners.set(listener, left);
        else channel.listeners.delete(listener);
        if (channel.listeners.size === 0) setTimeout(() => end(name, channel), KEEP_MS).unref();
      };
      // Where the connection is away, `onOpen` subscribes when it is back, and `onBack` says to look.
      await channel.subscribed.catch(() => undefined);
      return stop;
    },
    onResumed: (listener) => void resumed.push(listener),
    async onOpen(connection) {
      beatAt = performance.now();
      const names = [beat, ...channels.keys()];
      for (let at = 0; at < names.length; at += BATCH) await connection.subscribe(names.slice(at, at + BATCH));
      for (const channel of channels.values()) channel.subscribed = Promise.resolve();
      // A first connection that was slow was never away, so no `onBack` follows.
      if (!hasOpened && channels.size > 0) resume();
      hasOpened = true;
    },
    onBack: resume,
    onMessage(name, message) {
      if (name === beat) beatAt = performance.now();
      for (const listener of channels.get(name)?.listeners.keys() ?? []) listener(message);
    },
    stop: () => clearInterval(timer),
  };
};
