import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Socket } from '../../src/core/socket/socket-types.ts';
import type { SocketStateName } from '../../src/protocol/snapshot.ts';
import { appEn } from '../../src/ui/strings/en/app.ts';

const read = (page: string): string => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');

/** The text of each state diagram. */
const diagramsIn = (page: string): readonly string[] =>
  [...read(page).matchAll(/^```mermaid\nstateDiagram-v2\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);

/** The states of a diagram. Mermaid allows no dash in an id, so `signed_out` stands for `signed-out`. */
const statesIn = (diagram: string): readonly string[] =>
  [
    ...new Set([...diagram.matchAll(/([a-z_]+)(?= -->)|(?<=--> )([a-z_]+)/g)].map(([id]) => id.replaceAll('_', '-'))),
  ].toSorted();

// The interface has a string for each state of the session, and the compiler holds that.
const SESSION_STATES = Object.keys(appEn.state).toSorted();

/** Each state of the socket machine, and its public name. */
const SOCKET_NAMES: Readonly<Record<Socket['state']['state'], SocketStateName>> = {
  idle: 'parked',
  'fetching-ticket': 'ticketing',
  connecting: 'dialling',
  open: 'open',
  backoff: 'resting',
  closed: 'stopped',
};
const SOCKET_STATES = Object.keys(SOCKET_NAMES).toSorted();

test('draws each state of the session and of the socket', () => {
  const [session = '', socket = ''] = diagramsIn('architecture.md');
  expect(statesIn(session)).toEqual(SESSION_STATES);
  expect(statesIn(socket)).toEqual(SOCKET_STATES);
  expect(diagramsIn('invariants.md').map(statesIn)).toEqual([SESSION_STATES]);
});

test('names each state of the socket as the snapshot does', () => {
  const rows = [...read('architecture.md').matchAll(/^\| `([a-z-]+)` \| `([a-z]+)` \|$/gm)];
  expect(Object.fromEntries(rows.map(([, state, name]) => [state, name]))).toEqual(SOCKET_NAMES);
});

test.each(['architecture.md', 'invariants.md'])('writes state diagrams that Mermaid can parse in %s', (page) => {
  const lines = diagramsIn(page).flatMap((text) => text.trimEnd().split('\n'));
  const wrong = lines.filter(
    (line) => !/^ {2}(?:state "[^"]+" as [a-z_]+|(?:\[\*\]|[a-z_]+) --> [a-z_]+(?:: [^:;]+)?)$/.test(line),
  );
  expect(wrong).toEqual([]);
});
