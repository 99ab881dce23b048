import { expect, test } from 'vitest';
import type { ServerFrame } from '../../../src/protocol/frames.ts';
import type { PresenceShare } from '../../../server/realtime/presence-share.ts';
import { createPresenceTracker } from '../../../server/realtime/presence-tracker.ts';

/** Members on another instance, which become known when the test says so. */
const slowShare = () => {
  const others = new Map<string, unknown>();
  let onChange: (owner: string, topic: string) => void = () => undefined;
  let finish = (): void => undefined;
  const loaded = new Promise<void>((done) => {
    finish = done;
  });
  const share: PresenceShare = {
    others: () => others,
    follow: () => loaded,
    unfollow: () => undefined,
    publish: () => undefined,
    stop: () => Promise.resolve(),
  };
  return {
    open: (listener: typeof onChange): PresenceShare => {
      onChange = listener;
      return share;
    },
    load(name: string): Promise<void> {
      others.set(name, null);
      onChange('ann', 'board');
      finish();
      return loaded;
    },
  };
};

const client = (host: string) => {
  const lists: (readonly string[])[] = [];
  const send = (frame: ServerFrame): void => void (frame[0] === 'here' && lists.push([...frame[2]].toSorted()));
  return { socket: { owner: 'ann', host, send }, lists };
};

test('sends a list once when the members on other instances become known during the first request for it', async () => {
  const share = slowShare();
  const tracker = createPresenceTracker({ share: share.open });
  const watcher = client('w');
  tracker.enter(watcher.socket, 'board');
  tracker.watch(watcher.socket, 'board');
  await share.load('a');
  expect(watcher.lists).toEqual([['a', 'w']]);
  tracker.enter(client('b').socket, 'board');
  expect(watcher.lists).toEqual([
    ['a', 'w'],
    ['a', 'b', 'w'],
  ]);
  await tracker.stop();
});

test('sends no list to a socket that left before the members on other instances were known', async () => {
  const share = slowShare();
  const tracker = createPresenceTracker({ share: share.open });
  const [stays, leaves] = [client('w'), client('w')];
  for (const { socket } of [stays, leaves]) tracker.enter(socket, 'board');
  tracker.watch(leaves.socket, 'board');
  tracker.leave(leaves.socket, 'board', 'now');
  await share.load('a');
  expect([stays.lists, leaves.lists]).toEqual([[], []]);
  await tracker.stop();
});
