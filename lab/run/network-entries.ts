import type { NetworkRecord } from '../proxy/http/network-log.ts';
import type { TimelineEntry } from '../results/result.ts';

const SERVER_ERROR = 400;
const MAX_ENTRIES = 200;

const pathOf = (url: string): string => new URL(url).pathname;

const entriesOf = (record: NetworkRecord, startedAt: number): TimelineEntry[] => {
  const at = record.at - startedAt;
  if (record.type === 'socket') {
    const path = pathOf(record.url);
    const opened: TimelineEntry = { at, lane: 'socket', level: 'good', text: `Socket ${path} opened` };
    if (!record.end) return [opened];
    const { end } = record;
    const text = `Socket ${path} closed by the ${end.by} (${end.code ?? 'no close frame'})`;
    return [opened, { at: end.at - startedAt, lane: 'socket', level: 'bad', text }];
  }
  const { outcome, method, url, faults } = record;
  const because = faults.length > 0 ? ` [${faults.join(', ')}]` : '';
  if (outcome.state === 'failed')
    return [{ at, lane: 'network', level: 'bad', text: `${method} ${pathOf(url)}: ${outcome.why}${because}` }];
  if (outcome.state === 'answered' && (outcome.status >= SERVER_ERROR || faults.length > 0))
    return [{ at, lane: 'network', level: 'bad', text: `${method} ${pathOf(url)}: ${outcome.status}${because}` }];
  if (record.kind === 'document' || method !== 'GET') {
    const status = outcome.state === 'answered' ? outcome.status : 'no answer';
    return [{ at, lane: 'network', level: 'info', text: `${method} ${pathOf(url)}: ${status}` }];
  }
  return [];
};

/** Sockets, failed requests and documents, for the timeline. */
export const networkEntries = (records: readonly NetworkRecord[], startedAt: number): TimelineEntry[] =>
  records.flatMap((record) => entriesOf(record, startedAt)).slice(0, MAX_ENTRIES);
