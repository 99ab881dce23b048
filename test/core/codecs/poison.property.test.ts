import fc from 'fast-check';
import { expect, test } from 'vitest';
import { broadcast } from '../../../src/core/codecs/broadcast.ts';
import { centrifuge } from '../../../src/core/optional-codecs/centrifuge.ts';
import { graphqlTransportWs } from '../../../src/core/optional-codecs/graphql-transport-ws.ts';
import { jsonPing } from '../../../src/core/codecs/json-ping.ts';
import { keeper1 } from '../../../src/core/codecs/keeper1.ts';
import { phoenix } from '../../../src/core/optional-codecs/phoenix.ts';
import { socketIo } from '../../../src/core/optional-codecs/socket-io.ts';
import { historyCount } from '../../support/history-count.ts';
import {
  centrifugePublishServer,
  centrifugeSubscribeServer,
  graphqlServer,
  keeperServer,
  phoenixJoinServer,
  phoenixPushServer,
  plainServer,
  PoisonWorld,
  socketIoServer,
  topicServer,
  type Op,
  type Protocol,
} from './poison-world.ts';

/* invariant 16: a server closes the connection on chosen messages. Only their senders notice. */

const PROTOCOLS: readonly (readonly [name: string, protocol: Protocol])[] = [
  ['keeper.1, publications', { kind: keeper1, ...keeperServer }],
  ['keeper.1, topics', { kind: keeper1, ...topicServer }],
  ['graphql-transport-ws', { kind: graphqlTransportWs, ...graphqlServer }],
  ['socket.io', { kind: socketIo, ...socketIoServer }],
  ['phoenix, joins', { kind: phoenix, ...phoenixJoinServer }],
  ['phoenix, pushes', { kind: phoenix, ...phoenixPushServer }],
  ['centrifuge, subscriptions', { kind: centrifuge, ...centrifugeSubscribeServer }],
  ['centrifuge, publications', { kind: centrifuge, ...centrifugePublishServer }],
  ['json-ping', { kind: jsonPing, ...plainServer }],
  ['broadcast', { kind: broadcast, ...plainServer }],
];

/** Codes that blame a message, and codes that blame nothing. */
const CODES = [1002, 1003, 1007, 1009, 1006, 1011] as const;

const message = fc.record({
  tab: fc.constantFrom('a' as const, 'b' as const),
  mode: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('answered' as const, 'quiet' as const) },
    { weight: 1, arbitrary: fc.constantFrom(...CODES) },
  ),
});
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: message.map((said): Op => ({ op: 'say', message: said })) },
  { weight: 1, arbitrary: fc.nat(400).map((steps): Op => ({ op: 'wait', steps })) },
);

/** Two closes to suspect a message, and one to prove it. */
const CLOSES_EACH = 3;

const violations = (protocol: Protocol, ops: readonly Op[]): readonly string[] => {
  const world = new PoisonWorld(protocol);
  world.run(ops);
  const poison = world.said.filter(({ mode }) => typeof mode === 'number');
  const senders = new Set<string>(poison.map(({ tab }) => tab));
  const most = protocol.answers ? CLOSES_EACH * poison.length : poison.length;
  return [
    ...(world.isUp ? [] : ['the connection is down']),
    ...(world.closes > most ? [`${world.closes} closes for ${poison.length}`] : []),
    ...[...world.closedTabs].filter((tab) => !senders.has(tab)).map((tab) => `closed the innocent tab ${tab}`),
    ...world.said.flatMap(({ n, tab, mode, fate }) => {
      if (!protocol.answers) return [];
      if (typeof mode === 'number') return fate === 'refused' ? [] : [`${n} (${mode}) is ${fate}`];
      if (fate === 'refused') return world.closedTabs.has(tab) ? [] : [`refused the innocent ${n}`];
      return mode === 'answered' && fate === 'pending' ? [`${n} got no answer`] : [];
    }),
  ];
};

test.each(PROTOCOLS)(
  '%s: gives a message that the server closes on back to its sender, and loses no other [property-poison]',
  (_, it) => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 12 }), (ops) => {
        expect(violations(it, ops)).toEqual([]);
      }),
      { numRuns: historyCount(200) },
    );
  },
);

test.each(PROTOCOLS)('%s: closes once for a message that is alone when the server blames it', (_, protocol) => {
  const world = new PoisonWorld(protocol);
  world.run([{ op: 'say', message: { tab: 'a', mode: 1009 } }]);
  expect(world.closes).toBe(1);
  expect(world.said[0]?.fate).toBe('refused');
});
