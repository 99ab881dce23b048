import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../src/protocol/problem.ts';
import type { SessionView, Snapshot, SocketView } from '../../../src/protocol/snapshot.ts';
import {
  settleStatus,
  signedInSession,
  statusOf,
  TROUBLE_DELAY_MS,
  troubleOf,
  type Status,
} from '../../../src/ui/base/status.ts';
import { appStrings, loadAppStrings } from '../../../src/ui/strings/app-strings.ts';
import { strings } from '../../../src/ui/strings/strings.ts';
import { networkLabel, sessionLabel } from '../../../src/ui/view/card-labels.ts';
import { explain } from '../../../src/ui/view/explanation.ts';
import { loadExplanationStrings } from '../../../src/ui/view/explanation-strings.ts';
import { headlineOf } from '../../../src/ui/view/headline.ts';
import { noticesOf } from '../../../src/ui/view/notices.ts';
import { scenes } from '../scenes.ts';

/* Invariant 14: no sentence on a page contradicts another. Checked for each state of session, network and socket. */

const NOW = 1_800_000_000_000;
await loadAppStrings();
await loadExplanationStrings();

const problems: readonly (Problem | undefined)[] = [
  undefined,
  { code: 'server-unavailable', at: '/token', status: 503 },
  { code: 'token-refused', at: '/whoami', status: 401 },
  { code: 'redirect-refused', at: '/whoami' },
  { code: 'network-unreachable', at: '/token', offline: true },
];

const known = { kind: 'oidc', user: { sub: 'demo', name: 'Demo' }, verifiedAt: NOW - 60_000 } as const;
const failing = { ...known, nextTryAt: NOW + 9_000, attempt: 2 };

const sessions: readonly SessionView[] = problems.flatMap((problem): SessionView[] => [
  { state: 'active', ...known, problem },
  { state: 'refreshing', ...known, problem, attempt: problem && 2 },
  ...(problem
    ? ([
        { state: 'degraded', ...failing, problem },
        { state: 'sign-in-required', ...failing, problem: { code: 'sign-in-required', at: '/token', status: 400 } },
        { state: 'signed-out', reason: 'rejected', problem, endedBy: problem },
        { state: 'signed-out', reason: 'user', problem: undefined, signInProblem: problem },
      ] satisfies SessionView[])
    : []),
]);

const socketStates: readonly (SocketView['state'] | undefined)[] = [
  'open',
  'parked',
  'dialling',
  'resting',
  'stopped',
  undefined,
];

const snapshots: readonly Snapshot[] = sessions.flatMap((session) =>
  [true, false].flatMap((online) =>
    socketStates.map((state): Snapshot => {
      const made = scenes['active']?.(NOW).snapshot;
      const socket = made?.sockets['/api/socket'];
      if (!made || !socket) throw new RangeError('active');
      const sockets = state ? { '/api/socket': { ...socket, state, since: NOW - 1_000 } } : {};
      return { ...made, session, online, sockets };
    }),
  ),
);

/** Every status that can be on screen with this snapshot, after each status before it. */
const shownWith = (snapshot: Snapshot): readonly Status[] => {
  const befores: readonly Status[] = [
    'starting',
    'connected',
    'limited',
    'reconnecting',
    'sign-in-required',
    'offline',
    'signed-out',
  ];
  const status = statusOf(snapshot);
  const shown = befores.flatMap((before) => [
    settleStatus({ shown: before }, status, NOW).shown,
    settleStatus({ shown: before, troubleSince: NOW - TROUBLE_DELAY_MS }, status, NOW).shown,
  ]);
  return [...new Set(shown)];
};

/** What a page says with a snapshot: the headline with its detail, the cards, the notices. */
const pages = snapshots.flatMap((snapshot) =>
  shownWith(snapshot).map((shown) => {
    const { headline, detail } = headlineOf(snapshot, NOW, shown);
    const session = signedInSession(snapshot.session);
    return {
      snapshot,
      shown,
      said: `${headline} ${detail}`,
      sessionCard: session && sessionLabel(session, shown),
      networkCard: networkLabel(snapshot.online, shown),
      notices: noticesOf(snapshot, undefined, shown, NOW).map(({ title }) => title),
    };
  }),
);

const failuresOf = (isWrong: (page: (typeof pages)[number]) => boolean): readonly object[] =>
  pages.filter(isWrong).map(({ snapshot: { session, online, sockets }, shown, ...rest }) => ({
    ...rest,
    shown,
    session,
    online,
    socket: sockets['/api/socket']?.state,
  }));

describe('the parts of a page', () => {
  it('say that everything is connected only where the session, the network and each connection in use are', () => {
    expect(pages.length).toBeGreaterThan(300);
    const isConnected = ({ session, online, sockets }: Snapshot): boolean =>
      online &&
      troubleOf(session) === undefined &&
      Object.values(sockets).every(({ state }) => state === 'open' || state === 'parked');
    expect(failuresOf(({ said, snapshot }) => said.includes(strings().allConnected) && !isConnected(snapshot))).toEqual(
      [],
    );
    expect(pages.some(({ said }) => said.includes(strings().allConnected))).toBe(true);
  });

  it('agree on the network, in the headline and the cards', () => {
    const isOffline = (said: string): boolean => said.includes(', and offline.');
    expect(failuresOf(({ said, networkCard }) => isOffline(said) && networkCard !== appStrings().offline)).toEqual([]);
    expect(
      failuresOf(({ shown, networkCard }) => shown === 'connected' && networkCard === appStrings().offline),
    ).toEqual([]);
  });

  it('agree on the session, in the headline and the cards [one-voice]', () => {
    const { session } = strings();
    const isLate = (label: string | undefined): boolean =>
      label === session.degraded || label === session['sign-in-required'];
    expect(failuresOf(({ said, sessionCard }) => said.includes(strings().allConnected) && isLate(sessionCard))).toEqual(
      [],
    );
    expect(failuresOf(({ shown, sessionCard }) => shown === 'connected' && isLate(sessionCard))).toEqual([]);
    expect(
      failuresOf(
        ({ said, snapshot }) => said.includes(strings().youAreSignedOut) !== (snapshot.session.state === 'signed-out'),
      ),
    ).toEqual([]);
  });

  it('ask for a sign-in in the headline and in a notice at once, and offline in the notice alone', () => {
    const asksToSignIn = ({ snapshot, shown }: (typeof pages)[number]): boolean =>
      snapshot.session.state === 'sign-in-required' && (shown === 'sign-in-required' || shown === 'offline');
    expect(failuresOf((page) => asksToSignIn(page) !== page.notices.includes(appStrings().renewalStopped))).toEqual([]);
    const asked = strings().needsSignIn(strings().signedInAs('Demo'));
    expect(failuresOf(({ said, shown }) => said.includes(asked) !== (shown === 'sign-in-required'))).toEqual([]);
  });

  it('explain trouble that the headline names, and none when all is well', () => {
    expect(
      failuresOf(({ snapshot, said }) => said.includes(strings().allConnected) && explain(snapshot, NOW) !== undefined),
    ).toEqual([]);
    const named: readonly Status[] = ['reconnecting', 'sign-in-required', 'offline', 'limited'];
    expect(failuresOf(({ snapshot, shown }) => named.includes(shown) && explain(snapshot, NOW) === undefined)).toEqual(
      [],
    );
  });
});
