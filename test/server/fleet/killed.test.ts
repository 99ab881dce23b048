import { afterAll, expect, test } from 'vitest';
import { temporaryDir, passwordLogin, type TestServer } from '../support/start.ts';
import { dial } from '../support/hub-client.ts';
import { startProcess, type ServerProcess } from '../support/process.ts';

/* Instances as processes of their own, because one of them dies. */

const { dir, remove } = temporaryDir();
const running: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(running.map((each) => each.kill('SIGKILL')));
  remove();
});

const instance = async (name: string): Promise<TestServer> => {
  const store = `${process.env['TEST_STORE'] ?? ''}?prefix=killed:`;
  const env = { PORT: '0', STORE: store, DATA_DIR: `${dir}/${name}` };
  const started = await startProcess(env, ['--adopt-empty-store']);
  running.push(started);
  const local = { app: started.url, provider: started.issuer };
  return { ...started, local, dataDir: dir, fault: async () => undefined, stop: async () => undefined };
};

test('loses and repeats no acknowledged message when an instance is killed in the middle of a burst', async () => {
  const [a, b] = [await instance('a'), await instance('b')];
  const { access_token: token } = await passwordLogin(a.call);
  const [writer, reader] = [await dial(a, token, 'writer'), await dial(b, token, 'reader')];
  const { at } = await reader.subscribe('burst', null);
  const onA = await dial(a, token, 'other');
  await onA.subscribe('burst', at);

  const count = 600;
  const acked = new Set<number>();
  for (let n = 1; n <= count; n += 1) writer.send(['pub', `burst-${n}`, 'burst', n]);
  await writer.until((frame) => (frame[0] === 'ack' && frame[2] >= 50 ? true : undefined));
  await running[0]?.kill('SIGKILL');
  await Promise.all([writer.closed, onA.closed]);
  for (const frame of writer.frames) if (frame[0] === 'ack') acked.add(Number(frame[1].split('-')[1]));
  expect(acked.size, 'the burst is cut').toBeLessThan(count);

  const again = await dial(b, token, 'writer', 2);
  for (let n = 1; n <= count; n += 1) if (!acked.has(n)) await again.publish('burst', `burst-${n}`, n);
  const seen = onA.events('burst');
  const resumed = await dial(b, token, 'other', 2);
  const cursor = { epoch: at.epoch, offset: seen.at(-1)?.offset ?? at.offset };
  expect((await resumed.subscribe('burst', cursor)).resumed).toBe(true);
  await Promise.all([reader.reach('burst', count), resumed.reach('burst', count)]);

  for (const events of [reader.events('burst'), [...seen, ...resumed.events('burst')]]) {
    expect(events.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    expect(new Set(events.map(({ data }) => data)).size).toBe(count);
  }
  for (const client of [again, reader, resumed]) client.close();
});
