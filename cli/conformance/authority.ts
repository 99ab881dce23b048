import { CLOSE_CODE } from '../../src/protocol/frames.ts';
import { resolveAfter } from '../../src/protocol/timing/timer.ts';
import { check, type ConformanceCheck } from './wire.ts';

/** Checks of fencing, authorization renewal and presence. */
export const authorityChecks: readonly ConformanceCheck[] = [
  {
    name: 'closes an older worker with 4409 when a newer worker of its host greets',
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
    name: 'renews the authorization on the open socket',
    section: '9',
    run: async (tester) => {
      const wire = await tester.greet();
      const { now } = await wire.hello();
      wire.send(['auth', await tester.ticket()]);
      const expiresAt = await wire.until('authok', (frame) => (frame[0] === 'authok' ? frame[1] : undefined));
      check(expiresAt > now, `expiresAt is ${expiresAt}, which is not after ${now}`);
    },
  },
  {
    name: 'closes with 4401 when a renewal uses an unknown ticket',
    section: '9',
    run: async (tester) => {
      const wire = await tester.greet();
      wire.send(['auth', 'made-up']);
      await wire.closesWith([CLOSE_CODE.unauthorized]);
    },
  },
  {
    name: 'sends the presence list on request, and keeps a host listed while its worker restarts',
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
      await resolveAfter(100);
      await (await tester.greet(host, 2)).subscribe(topic, null);
      await watcher.publish(topic, 1);
      check(
        lists().every((hosts) => hosts.includes(host)),
        'the server reported that the host left',
      );
    },
  },
  {
    name: 'sends the presence state of a host to the others, and keeps it listed when it soon returns',
    section: '10',
    run: async (tester) => {
      const [topic, host] = [tester.name(), tester.name()];
      const [watcher, other] = [await tester.greet(), await tester.greet(host)];
      await watcher.subscribe(topic, null);
      await other.subscribe(topic, null);
      watcher.send(['who', topic]);
      const receiveState = (word: string): Promise<true> =>
        watcher.until(word, (frame) =>
          frame[0] === 'here' && frame[3]?.[frame[2].indexOf(host)] === word ? true : undefined,
        );
      other.send(['who', topic, 'before']);
      await receiveState('before');
      const before = watcher.frames.length;
      other.send(['unsub', topic, true]);
      await other.subscribe(topic, null, 2);
      other.send(['who', topic, 'after']);
      await receiveState('after');
      const lists = watcher.frames.slice(before).flatMap((frame) => (frame[0] === 'here' ? [frame[2]] : []));
      check(
        lists.every((hosts) => hosts.includes(host)),
        'the server reported that the host left',
      );
    },
  },
];
