import type { Codec, CodecOutput } from '../../../src/core/codecs/codec.ts';
import type { OutboxItem } from '../../../src/core/socket/outbox.ts';
import type { SocketEffect, SocketState } from '../../../src/core/socket/socket-types.ts';
import { parseClientFrame } from '../../../src/protocol/frames.ts';
import { FIRST_TICKET } from './socket-server.ts';
import { REAL, type Parts } from './socket-worker.ts';

export const INVARIANTS = {
  6: 'there is one live upstream, and each ticket opens one socket while it is fresh',
  7: 'the machine notices a silent socket within heartbeat + 3 s of awake time, and never drops a live one',
  8: 'the socket only reports generations that a server rejected',
  9: 'when all faults are over, the socket is open and the outbox is empty',
  10: 'each tab reads each event once and in order, or gets a gap with the lost range',
  16: 'a publication that the server closes on goes back to its sender, and all others arrive',
} as const;

export type Invariant = keyof typeof INVARIANTS;

type Step = typeof REAL.step;

const withStep = (step: Step): Parts => ({ ...REAL, step });
const withoutEffect = (test: (effect: SocketEffect) => boolean): Parts =>
  withStep((...args) => {
    const { machine, effects } = REAL.step(...args);
    return { machine, effects: effects.filter((effect) => !test(effect)) };
  });
const withCodec = (wrap: (codec: Codec) => Codec['dispatch']): Parts => ({
  ...REAL,
  codec: {
    ...REAL.codec,
    create: (identity) => {
      const codec = REAL.codec.create(identity);
      return {
        dispatch: wrap(codec),
        get listeners() {
          return codec.listeners;
        },
      };
    },
  },
});

/** Delays each alarm in such a state by `NEVER_MS`. */
const ignoresAlarmIn = (test: (state: SocketState) => boolean): Parts =>
  withStep((machine, event, at, policy) => {
    if (event.type === 'alarm' && test(machine.state))
      return { machine: { ...machine, state: putOff(machine.state, at.now + NEVER_MS) }, effects: [] };
    return REAL.step(machine, event, at, policy);
  });

const NEVER_MS = 1e9;

const putOff = (state: SocketState, until: number): SocketState => {
  switch (state.state) {
    case 'fetching-ticket':
    case 'connecting':
      return { ...state, by: until };
    case 'open':
      return { ...state, liveness: { type: 'alive', probeAt: until }, renewal: { type: 'none' } };
    case 'backoff':
      return { ...state, retryAt: until };
    case 'closed':
      return state.reason.type === 'forbidden' ? { ...state, reason: { ...state.reason, retryAt: until } } : state;
    case 'idle':
      return state;
  }
};

/** Machines, codecs and outboxes with one mistake each, and the invariant whose test must detect it. */
export const MUTANTS: readonly (readonly [invariant: Invariant, name: string, parts: Parts])[] = [
  [6, 'opens a second socket without closing the first', withoutEffect(({ type }) => type === 'hang-up')],
  [
    6,
    'uses one ticket for each connection',
    withStep((...args) => {
      const { machine, effects } = REAL.step(...args);
      return {
        machine,
        effects: effects.map((effect) => (effect.type === 'dial' ? { ...effect, ticket: FIRST_TICKET } : effect)),
      };
    }),
  ],
  [
    6,
    'treats a ticket as fresh for ever',
    withStep((machine, event, at, policy) =>
      REAL.step(machine, event.type === 'ticket' ? { ...event, freshForMs: Infinity } : event, at, policy),
    ),
  ],
  [7, 'has no heartbeat', ignoresAlarmIn(({ state }) => state === 'open')],
  [
    7,
    'counts its own probe as an answer',
    withStep((machine, event, at, policy) => {
      const step = REAL.step(machine, event, at, policy);
      const call = step.effects.find(({ type }) => type === 'probe');
      return call?.type === 'probe'
        ? { ...REAL.step(step.machine, { type: 'received', call: call.call }, at, policy), effects: step.effects }
        : step;
    }),
  ],
  [
    7,
    'drops a live socket after the computer slept',
    withStep((machine, event, at, policy) => REAL.step(machine, event, at, { ...policy, lateMs: Infinity })),
  ],
  [
    8,
    'reports the session after each close',
    withStep((machine, event, at, policy) => {
      const step = REAL.step(machine, event, at, policy);
      const generation = machine.inputs.generation;
      if (event.type !== 'closed' || generation === undefined) return step;
      return { ...step, effects: [...step.effects, { type: 'report-unauthorized', generation }] };
    }),
  ],
  [
    8,
    'reports a newer generation than the rejected one',
    withStep((...args) => {
      const { machine, effects } = REAL.step(...args);
      return {
        machine,
        effects: effects.map((effect) =>
          effect.type === 'report-unauthorized' ? { ...effect, generation: effect.generation + 1 } : effect,
        ),
      };
    }),
  ],
  [9, 'never ends its backoff', ignoresAlarmIn(({ state }) => state === 'backoff')],
  [9, 'never retries after a 403', ignoresAlarmIn(({ state }) => state === 'closed')],
  [9, 'has no deadline for a ticket', ignoresAlarmIn(({ state }) => state === 'fetching-ticket')],
  [9, 'has no deadline for a connect', ignoresAlarmIn(({ state }) => state === 'connecting')],
  [
    9,
    'treats sent messages as acknowledged',
    {
      ...REAL,
      outbox: () => {
        const outbox = REAL.outbox();
        const sent = new Set<string>();
        const unsent = ({ id }: OutboxItem): boolean => !sent.has(id) && Boolean(sent.add(id));
        return { ...outbox, size: 0, sendable: (owner) => outbox.sendable(owner).filter(unsent) };
      },
    },
  ],
  [
    10,
    'forgets how far a tab has read',
    withCodec(
      (codec) => (event, now) => codec.dispatch(event.type === 'join' ? { ...event, cursor: null } : event, now),
    ),
  ],
  [
    10,
    'does not report gaps',
    withCodec(
      (codec) => (event, now) =>
        codec.dispatch(event, now).filter((output) => output.type !== 'toTab' || output.frame.type !== 'gap'),
    ),
  ],
  [
    10,
    'resumes at the newest event',
    withCodec(
      (codec) => (event, now) =>
        codec.dispatch(event, now).map((output) => {
          const frame = output.type === 'send' ? parseClientFrame(String(output.data)) : undefined;
          return Array.isArray(frame) && frame[0] === 'sub'
            ? { type: 'send', data: JSON.stringify(['sub', frame[1], frame[2], null]) }
            : output;
        }),
    ),
  ],
  [
    10,
    'sends replayed events to each tab',
    withCodec(
      (codec) => (event, now) =>
        codec
          .dispatch(event, now)
          .map((output) =>
            output.type === 'toTab' && output.frame.type === 'event' ? { ...output, tab: undefined } : output,
          ),
    ),
  ],
  [
    10,
    'publishes the newest message first',
    {
      ...REAL,
      outbox: () => {
        const outbox = REAL.outbox();
        return {
          ...outbox,
          get size() {
            return outbox.size;
          },
          sendable: (owner) => [...outbox.sendable(owner)].reverse(),
        };
      },
    },
  ],
  [
    16,
    'sends again for ever what the server closes on',
    withCodec(
      (codec) => (event, now) => codec.dispatch(event.type === 'closed' ? { ...event, local: true } : event, now),
    ),
  ],
  [
    16,
    'refuses everything that was under way when the server closes',
    withCodec((codec) => {
      const sent = new Set<string>();
      return (event, now) => {
        if (event.type === 'publish') sent.add(event.item.id);
        const refused: CodecOutput[] = [];
        if (event.type === 'closed' && event.code === 1009)
          for (const id of sent)
            refused.push(
              { type: 'settled', id },
              {
                type: 'toTab',
                frame: { type: 'refused', id, problem: { code: 'over-limit', detail: 'message-bytes' } },
              },
            );
        const outputs = codec.dispatch(event, now);
        for (const output of outputs) if (output.type === 'settled') sent.delete(output.id);
        return [...outputs, ...refused];
      };
    }),
  ],
];
