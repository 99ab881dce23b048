import { setTimeout as rest } from 'node:timers/promises';
import { check, ConformanceError, type ConformanceCheck, type Tester, type WireClient } from './wire.ts';

/** How a tester makes the server lose its newest messages. Both resolve when the server answers again. */
export type DataLoss = {
  /** Keeps the state of the server, as a backup does. */
  save(): Promise<void>;
  /** Goes back to that state. */
  restore(): Promise<void>;
};

/** Messages before the backup, and as many after it. */
const COUNT = 10;
const BACK_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

const publish = async (wire: WireClient, topic: string, from: number): Promise<void> => {
  for (let n = from; n < from + COUNT; n += 1) await wire.publish(topic, n);
};

/** A server that starts again refuses its first connections. */
const greetAgain = async (tester: Tester): Promise<WireClient> => {
  for (const deadline = performance.now() + BACK_WITHIN_MS; ;) {
    const wire = await tester.greet().catch(() => undefined);
    if (wire && (await wire.hello().catch(() => undefined))) return wire;
    if (performance.now() > deadline)
      throw new ConformanceError(`the server did not come back in ${BACK_WITHIN_MS} ms`);
    await rest(LOOK_EVERY_MS);
  }
};

/** The check of a server that lost messages. It stops the server, so it runs after all others, and only when it can. */
export const lossCheck = (loss: DataLoss): ConformanceCheck => ({
  name: 'informs the readers of messages that it lost, and gives their offsets to no other message of the same epoch',
  section: '7',
  run: async (tester) => {
    const topic = tester.name();
    const writer = await tester.greet();
    const { at } = await writer.subscribe(topic, null);
    await publish(writer, topic, 1);
    await loss.save();
    const later = await greetAgain(tester);
    await publish(later, topic, COUNT + 1);
    await loss.restore();

    const lastLost = at.offset + 2 * COUNT;
    const isInformed = (wire: WireClient): boolean =>
      wire.frames.some((frame) => (frame[0] === 'fork' || frame[0] === 'gap') && frame[1] === topic);
    const behind = await greetAgain(tester);
    const { resumed } = await behind.subscribe(topic, { ...at, offset: at.offset + COUNT / 2 });
    check(resumed || isInformed(behind), 'a reader that was behind got neither its events nor a fork or gap');
    if (resumed) {
      await behind.until('the last kept event', (frame) =>
        frame[0] === 'ev' && frame[1] === topic && frame[4] === COUNT ? true : undefined,
      );
      const kept = behind.events(topic).map(({ data }) => data);
      check(kept.join() === '6,7,8,9,10', `a reader that was behind received ${kept.join()}`);
    }
    const ahead = await greetAgain(tester);
    await ahead.subscribe(topic, { ...at, offset: lastLost });
    check(isInformed(ahead), 'a reader of lost messages got neither fork nor gap');
    await ahead.publish(topic, 'new');
    for (const reader of [ahead, behind]) {
      const next = await reader.until('the next event', (frame) =>
        frame[0] === 'ev' && frame[1] === topic && frame[4] === 'new'
          ? { epoch: frame[2], offset: frame[3] }
          : undefined,
      );
      const isUsed = next.epoch === at.epoch && next.offset <= lastLost;
      check(!isUsed, `${next.offset} of the same epoch means two messages`);
      check(next.epoch === at.epoch || isInformed(reader), 'the epoch changed without a fork or gap');
    }
  },
});
