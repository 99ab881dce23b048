import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';

const STEP_MS = 4_000;

/**
 * A journal of any length with each kind of entry. Each worker has a hundred entries, with successful and failed refreshes
 * and with sockets that connect and close. The same arguments give the same journal.
 */
export const longJournal = (count: number, end: number): readonly JournalEntry[] => {
  const kinds: readonly (readonly [machine: string, what: string, detail?: string])[] = [
    ['session', 'started'],
    ['network', 'up'],
    ['state', 'starting'],
    ['session', 'loaded', 'call=1'],
    ['tabs', '2'],
    ['state', 'active'],
    ['socket /api/socket', 'dialling'],
    ['socket /api/socket', 'open'],
    ['state', 'refreshing'],
    ['session', '→ grant', 'call=5'],
    ['session', 'grant-failed', 'call=5 unanswered=false code=server-unavailable at=/token status=503'],
    ['state', 'degraded'],
    ['state', 'refreshing'],
    ['session', 'granted', 'call=6'],
    ['state', 'active'],
    ['session', 'verified', 'call=7'],
    ['request', '200', 'at=/api/v1/llm/models ms=12'],
    ['request', '401', 'at=/api/v1/llm/models ms=9'],
    ['socket /api/socket', 'resting', 'network-unreachable'],
    ['network', 'down'],
  ];
  const start = end - count * STEP_MS;
  return Array.from({ length: count }, (_, index) => {
    const [machine, what, detail] = kinds[index % kinds.length] ?? ['session', 'started'];
    const worker = machine === 'request' ? '' : `w-${Math.floor(index / 100)}`;
    return { at: start + index * STEP_MS, worker, machine, what, detail };
  });
};
