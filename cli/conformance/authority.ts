import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import type { Check } from './check.ts';
import { insist, pause } from './wire.ts';

/** Who may speak for a host, for how long, and who is here. */
export const authority: readonly Check[] = [
  {
    name: 'a newer worker of a host fences the older one off: 4409',
    section: '8',
    run: async (tester) => {
      const host = tester.name();
      const old = await tester.greet(host, 1);
      await tester.greet(host, 2);
      await old.closesWith([CLOSE_CODE.superseded]);
      const late = await tester.dial();
      late.send(['hi', { host, epoch: 1 }]);
      await late.closesWith([CLOSE_CODE.superseded]);
    },
  },
  {
    name: 'authorization is renewed in band',
    section: '9',
    run: async (tester) => {
      const wire = await tester.greet();
      const { now } = await wire.hello();
      wire.send(['auth', await tester.ticket()]);
      const expiresAt = await wire.until('authok', (frame) => (frame[0] === 'authok' ? frame[1] : undefined));
      insist(expiresAt > now, `it ends at ${expiresAt}, and now is ${now}`);
    },
  },
  {
    name: 'renewal with a ticket that nobody gave closes: 4401',
    section: '9',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['auth', 'made-up']);
      await wire.closesWith([CLOSE_CODE.unauthorized]);
    },
  },
  {
    name: 'who is here is told to those who ask, and a worker that restarts neither leaves nor comes',
    section: '10',
    run: async (tester) => {
      const [topic, host] = [tester.name(), tester.name()];
      const watcher = await tester.greet();
      await watcher.subscribe(topic, null);
      const first = await tester.greet(host, 1);
      await first.subscribe(topic, null);
      watcher.send(['who', topic]);
      const lists = () =>
        watcher.frames.flatMap((frame) => (frame[0] === 'here' && frame[1] === topic ? [frame[2]] : []));
      await watcher.until('here', () => (lists().some((hosts) => hosts.includes(host)) ? true : undefined));
      first.ws.terminate();
      await pause(100);
      await (await tester.greet(host, 2)).subscribe(topic, null);
      await watcher.publish(topic, 1);
      insist(
        lists().every((hosts) => hosts.includes(host)),
        'the host was said to have left',
      );
    },
  },
  {
    name: 'what a host says of itself is told to the others; one that is soon back has not left',
    section: '10',
    run: async (tester) => {
      const [topic, host] = [tester.name(), tester.name()];
      const [watcher, other] = [await tester.greet(), await tester.greet(host)];
      await watcher.subscribe(topic, null);
      await other.subscribe(topic, null);
      watcher.send(['who', topic]);
      const said = (word: string): Promise<true> =>
        watcher.until(word, (frame) =>
          frame[0] === 'here' && frame[3]?.[frame[2].indexOf(host)] === word ? true : undefined,
        );
      other.send(['who', topic, 'before']);
      await said('before');
      const before = watcher.frames.length;
      other.send(['unsub', topic, true]);
      await other.subscribe(topic, null, 2);
      other.send(['who', topic, 'after']);
      await said('after');
      const lists = watcher.frames.slice(before).flatMap((frame) => (frame[0] === 'here' ? [frame[2]] : []));
      insist(
        lists.every((hosts) => hosts.includes(host)),
        'the host was said to have left',
      );
    },
  },
];
