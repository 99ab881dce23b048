import { describe, expect, it } from 'vitest';
import { median, missing, newLabState, pendingRequests, verdictOf, type LabState } from '../../src/ui/lab/lab-state.ts';
import { verdictText } from '../../src/ui/lab/verdict-text.ts';

const fault = (recoveredMs?: number): LabState['faults'][number] => ({ name: 'drop', at: 1, recoveredMs });

/** A run in which all went well. */
const whole = (change: Partial<LabState> = {}): LabState => ({
  ...newLabState(0, 'lab-1'),
  ...{ phase: 'done', asked: 10, answered: 8, failed: 1, away: 1, sent: [1, 2], seen: [1, 2], faults: [fault(400)] },
  ...change,
});

describe('the verdict of a run', () => {
  it('is open until the last answer has arrived', () => {
    expect(verdictOf(whole({ phase: 'settling' })).type).toBe('open');
  });

  it('holds when no one was signed out, and each message arrived once', () => {
    expect(verdictOf(whole()).type).toBe('held');
    expect(verdictText(whole()).detail).toBe(
      '1 faults, no sign-out. 8 requests have their answer, and 2 messages arrived once each.',
    );
  });

  it.each([
    ['a sign-out', { signOuts: 1 }, '1 sign-outs'],
    ['a request that was refused', { answered: 7, refused: 1 }, '1 requests refused with 401'],
    ['a lost message', { seen: [1] }, '1 messages lost'],
    ['a doubled message', { doubled: 1 }, '1 messages doubled'],
    ['a fault without recovery', { faults: [fault(400), fault()] }, '1 faults without recovery'],
    ['a request without an answer', { answered: 7 }, '1 requests without an answer'],
  ])('breaks after %s, with the evidence', (_, change, evidence) => {
    expect(verdictOf(whole(change)).type).toBe('broken');
    expect(verdictText(whole(change)).detail).toContain(evidence);
  });
});

describe('the numbers of a run', () => {
  it('count what is still on its way', () => {
    expect(missing(whole({ sent: [1, 2, 3] }))).toEqual([3]);
    expect(pendingRequests(whole({ asked: 12 }))).toBe(2);
    expect([median([]), median([3, 1, 2])]).toEqual([undefined, 2]);
  });
});
