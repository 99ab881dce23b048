import { describe, expect, test } from 'vitest';
import type { Member } from '../../../src/protocol/bridge/realtime-frames.ts';
import type { TabMessage } from '../../../src/protocol/bridge/tab-messages.ts';
import { failed, ok } from '../../../src/protocol/problem.ts';
import { createChannels } from '../../../src/page/realtime/channels.ts';
import type { PresenceEvent } from '../../../src/page/types/channel-types.ts';

const setUp = () => {
  const posted: TabMessage[] = [];
  const channels = createChannels(
    () => Promise.resolve(ok(null)),
    (message) => posted.push(message),
  );
  const here = (...members: readonly Member[]) => channels.receive({ type: 'here', topic: 'news', members });
  return { channels, posted, here };
};

const member = (id: string, state: unknown = null): Member => ({ id, self: id === 'me', state });
const turn = () => Promise.resolve();
const wordOf = ({ type, member: { id, state } }: PresenceEvent) => `${id} ${type} ${JSON.stringify(state)}`;

/** Reads events until the event `last`. */
const until = async (events: AsyncIterator<PresenceEvent, void>, last: string): Promise<readonly string[]> => {
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    const { value } = await events.next();
    if (!value) throw new Error(`ended after ${seen.join()}`);
    seen.push(wordOf(value));
  }
  return seen;
};

describe('presence', () => {
  test('joins the topic with a state that is set at once', async () => {
    const { channels, posted } = setUp();
    const presence = channels.channel('news').presence();
    expect(presence.update({ name: 'A' })).toEqual(ok(null));
    await turn();
    expect(posted).toEqual([
      { type: 'join', topic: 'news', cursor: null },
      { type: 'present', topic: 'news', state: '{"name":"A"}' },
    ]);
    channels.portOpened();
    expect(posted.slice(2), 'sends it to the next worker too').toEqual([posted[1]]);
    presence.close();
    expect(posted.slice(3)).toEqual([{ type: 'leave', topic: 'news' }]);
    expect(presence.update(1)).toEqual(failed({ code: 'cancelled' }));
  });

  test('uses the newest state of two presences in a page, and stays in the topic while a reader exists', async () => {
    const { channels, posted } = setUp();
    const channel = channels.channel('news');
    const reader = channel.events()[Symbol.asyncIterator]();
    const [one, two] = [channel.presence(), channels.channel('news').presence()];
    one.update(1);
    two.update(2);
    await turn();
    two.close();
    await turn();
    one.close();
    expect(posted.slice(1)).toEqual([
      { type: 'present', topic: 'news', state: '2' },
      { type: 'present', topic: 'news', state: '1' },
      { type: 'absent', topic: 'news' },
    ]);
    channel.close();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(posted.at(-1)).toEqual({ type: 'leave', topic: 'news' });
  });

  test('reports joins, updates and leaves, and combines them for a slow reader', async () => {
    const { channels, here } = setUp();
    const presence = channels.channel('news').presence();
    const events = presence[Symbol.asyncIterator]();
    const first = until(events, 'b joined 1');
    here(member('me'), member('b', 1));
    expect(await first).toEqual(['me joined null', 'b joined 1']);
    here(member('me'), member('c'));
    here(member('me'), member('b', 2), member('d'));
    expect(presence.members.map(({ id }) => id)).toEqual(['me', 'b', 'd']);
    expect(await until(events, 'd joined null')).toEqual(['b updated 2', 'd joined null']);
    here(member('me'));
    expect(await until(events, 'd left null')).toEqual(['b left 2', 'd left null']);
  });

  test('ends when the user changes or the keeper closes', async () => {
    for (const end of ['resetUser', 'close'] as const) {
      const { channels, here } = setUp();
      const presence = channels.channel('news').presence();
      const events = presence[Symbol.asyncIterator]();
      here(member('me'));
      await until(events, 'me joined null');
      const ended = events.next();
      channels[end]();
      expect(await ended).toEqual({ done: true, value: undefined });
      expect(presence.members).toEqual([]);
    }
  });

  test('rejects a state that is not JSON or too long', () => {
    const presence = setUp().channels.channel('news').presence();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const state of [undefined, circle, 1n])
      expect(presence.update(state)).toMatchObject({ ok: false, problem: { code: 'bad-message' } });
    expect(presence.update('x'.repeat(1_023))).toMatchObject({ ok: false, problem: { code: 'over-limit' } });
    expect(presence.update('x'.repeat(1_022))).toEqual(ok(null));
  });
});
