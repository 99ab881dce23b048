import { describe, expect, test } from 'vitest';
import { createFakeKeeper, offline, signedIn, signedOut } from '../../src/testing/index.ts';

describe('the fake keeper', () => {
  test('shows any snapshot, and each one that it plays in a task of its own', async () => {
    const keeper = createFakeKeeper({ snapshot: { tier: 'sealed' } });
    const seen: string[] = [];
    const stop = keeper.subscribe(({ session, tier }) => seen.push(`${session.state} ${tier}`));
    const playing = keeper.play([signedIn(), offline()]);
    expect(seen).toEqual(['signed-out sealed', 'active sealed']);
    await playing;
    stop();
    keeper.show(signedOut('rejected'));
    expect(seen).toEqual(['signed-out sealed', 'active sealed', 'degraded sealed']);
    expect(keeper.snapshot.session).toEqual({ state: 'signed-out', reason: 'rejected' });
  });

  test('records calls without their secrets', async () => {
    const keeper = createFakeKeeper();
    await keeper.signIn({ kind: 'password', username: 'ben', password: 'secret' });
    expect(keeper.snapshot.session).toMatchObject({ state: 'active', user: { sub: 'ben' } });
    await keeper.fetch('/api/notes?q=1', { method: 'POST' });
    await keeper.signOut();
    expect(keeper.calls).toEqual([
      { name: 'signIn', kind: 'password' },
      { name: 'fetch', url: 'http://localhost/api/notes?q=1' },
      { name: 'signOut' },
    ]);
    expect(JSON.stringify(keeper.calls)).not.toContain('secret');
  });

  test('signs out of one session or of all, and not of another one', async () => {
    const keeper = createFakeKeeper();
    await keeper.signIn({ kind: 'password', username: 'ben', password: 'secret' });
    await keeper.signOut({ session: 'work' });
    expect(keeper.snapshot.session.state).toBe('active');
    // @ts-expect-error one session, or all of them
    await keeper.signOut({ sessions: 'all', session: 'work' });
    await keeper.signOut({ sessions: 'all' });
    expect(keeper.snapshot.session.state).toBe('signed-out');
  });

  test('answers as the test decides', async () => {
    const keeper = createFakeKeeper({
      signIn: () => ({ ok: false, problem: { code: 'cancelled' } }),
      respond: ({ method, url }) => Response.json({ method, path: new URL(url).pathname }, { status: 201 }),
    });
    expect(await keeper.signIn({ kind: 'oidc' })).toEqual({ ok: false, problem: { code: 'cancelled' } });
    expect(keeper.snapshot.session.state).toBe('signed-out');
    const response = await keeper.upload('/api/files', new Blob(['x']), { method: 'PUT' });
    expect([response.status, await response.json()]).toEqual([201, { method: 'PUT', path: '/api/files' }]);
  });

  test('delivers messages and gaps to each reader of a topic, until the channel closes', async () => {
    const keeper = createFakeKeeper();
    const [first, second] = [keeper.channel('news'), keeper.channel('news')];
    const read = async (channel: typeof first): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const event of channel.events()) found.push(event.type === 'message' ? event.data : event.type);
      return found;
    };
    const reading = [read(first), read(second)];
    keeper.publish('news', 1);
    keeper.deliver({ type: 'gap', topic: 'news', from: 2, to: 4 });
    expect(await first.publish({ text: 'mine' })).toEqual({ ok: true, value: { offset: 2 } });
    keeper.publish('other', 9);
    await keeper.play([signedIn()]);
    first.close();
    second.close();
    expect(await Promise.all(reading)).toEqual([
      [1, 'gap', { text: 'mine' }],
      [1, 'gap', { text: 'mine' }],
    ]);
  });
});
