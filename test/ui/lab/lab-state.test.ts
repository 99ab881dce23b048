import { describe, expect, it } from 'vitest';
import {
  median,
  missing,
  newLabState,
  pendingRequests,
  verdictOf,
  type LabState,
} from '../../../src/ui/lab/lab-state.ts';
import { verdictText } from '../../../src/ui/lab/verdict-text.ts';

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

  it('says what was survived so far, and nothing before the first fault is over', () => {
    const soFar = (change: Partial<LabState>): string => verdictText(whole({ phase: 'running', ...change })).detail;
    expect(soFar({ faults: [fault()] })).toBe('');
    expect(soFar({ faults: [fault(400), fault(900), fault()] })).toBe('So far 2 faults survived, no sign-out.');
    expect(soFar({ signOuts: 1 })).toBe('So far 1 fault survived, 1 sign-out.');
  });

  it('holds when no one was signed out, and each message arrived once', () => {
    expect(verdictOf(whole()).type).toBe('held');
    expect(verdictText(whole()).detail).toBe(
      '1 fault, no sign-out. 8 requests answered, and 2 messages received, each once.',
    );
  });

  it('is none when nothing was broken', () => {
    expect(verdictOf(whole({ faults: [] })).type).toBe('untested');
    const { title, detail } = verdictText(whole({ faults: [] }));
    expect([title, detail]).toEqual(['', 'Nothing was broken, so there is no verdict.']);
    expect(verdictOf(whole({ faults: [], signOuts: 1 })).type).toBe('broken');
  });

  it.each([
    ['a sign-out', { signOuts: 1 }, '1 sign-out.'],
    ['a request that was refused', { answered: 7, refused: 1 }, '1 request refused with 401'],
    ['a lost message', { seen: [1] }, '1 message lost'],
    ['a doubled message', { doubled: 1 }, '1 message doubled'],
    ['a fault without recovery', { faults: [fault(400), fault()] }, '1 fault without recovery'],
    ['a request without an answer', { answered: 7 }, '1 request without an answer'],
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
