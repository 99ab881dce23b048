import type { PortFrame } from '../../../src/protocol/bridge/port-frames.ts';
import type { Cursor } from '../../../src/protocol/cursor.ts';

type Fail = (why: string) => void;

/** Compares frames with the server's real history. */
export type EventChecker = {
  readonly broken: string[];
  checkGap(frame: PortFrame & { type: 'gap' }, cursor: Cursor, fail: Fail): void;
  checkEvent(frame: PortFrame & { type: 'event' }, fail: Fail): void;
};

/** A page. It knows its cursor in each topic and checks each frame against it. */
export class Tab {
  readonly cursors = new Map<string, Cursor | null>();
  readonly #checker: EventChecker;
  readonly id: string;

  constructor(checker: EventChecker, id: string) {
    this.#checker = checker;
    this.id = id;
  }

  receive(frame: PortFrame): void {
    if (frame.type !== 'joined' && frame.type !== 'event' && frame.type !== 'gap') return;
    const cursor = this.cursors.get(frame.topic);
    const fail = (why: string): void =>
      void this.#checker.broken.push(`10: ${why}: ${JSON.stringify(frame)} at ${JSON.stringify(cursor)}`);
    if (cursor === undefined) return;
    if (frame.type === 'joined') {
      if (cursor && (cursor.epoch !== frame.at.epoch || cursor.offset !== frame.at.offset))
        fail('joined at another offset');
      this.cursors.set(frame.topic, { ...frame.at });
    } else if (frame.type === 'gap') {
      if (!cursor || frame.from !== cursor.offset + 1) return fail('gap at another offset');
      this.#checker.checkGap(frame, cursor, fail);
      this.cursors.set(frame.topic, frame.to === 0 ? null : { epoch: cursor.epoch, offset: frame.to });
    } else {
      if (!cursor || cursor.epoch !== frame.epoch || frame.offset !== cursor.offset + 1)
        return fail('event out of order');
      this.#checker.checkEvent(frame, fail);
      this.cursors.set(frame.topic, { epoch: frame.epoch, offset: frame.offset });
    }
  }
}
