import { markdownTable } from '../../../scripts/docs/figures.ts';
import type { PageView } from './browser.ts';
import type { FleetClient } from '../client.ts';

/** The clients and the browsers of one person. The first client publishes. */
export type Household = { clients: readonly FleetClient[]; pages: readonly PageView[] };

/** `sessionsLost`: people whom the servers no longer know, or whose browser was shown the end of the session. */
export type ProofResult = { people: readonly Household[]; instances: number; sessionsLost: number };

export type Report = { table: string; isGood: boolean };

/** For each client that was given a slot. */
const MAX_DIALS = 1.01;

/** Messages that a server acknowledged to the writer, and that a reader does not have. `informed`: it was informed of a gap. */
type Missing = { lost: number; informed: number };

const missingOf = ({ clients, pages }: Household): Missing => {
  const acked = [...(clients[0]?.acked ?? [])];
  const readers = [
    ...clients.map(({ sight }) => ({ gaps: sight.gaps, got: sight.got })),
    ...pages.map(({ gaps, ids }) => ({ gaps, got: new Set(ids) })),
  ];
  const missing = { lost: 0, informed: 0 };
  for (const { gaps, got } of readers)
    missing[gaps > 0 ? 'informed' : 'lost'] += acked.filter((id) => !got.has(id)).length;
  return missing;
};

/** Acknowledged messages that a reader neither has nor knows a gap instead of. */
export const missingAt = (household: Household): number => missingOf(household).lost;

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export const reportOf = ({ people, instances, sessionsLost }: ProofResult): Report => {
  const clients = people.flatMap((household) => household.clients);
  const pages = people.flatMap((household) => household.pages);
  const sum = (of: (client: FleetClient) => number): number => clients.reduce((total, client) => total + of(client), 0);
  const sumOfPages = (of: (page: PageView) => number): number => pages.reduce((total, page) => total + of(page), 0);
  const lost = people.reduce((total, household) => total + missingAt(household), 0);
  const doubled =
    sum(({ sight }) =>
      sight.forks + sight.gaps > 0 ? 0 : [...sight.got.values()].filter((times) => times > 1).length,
    ) + sumOfPages(({ ids, gaps }) => (gaps > 0 ? 0 : ids.length - new Set(ids).size));
  const outOfOrder = sum(({ sight }) => sight.outOfOrder) + sumOfPages((page) => page.outOfOrder);
  const latencies = clients.flatMap(({ sight }) => sight.latencies).toSorted((a, b) => a - b);
  const [drains, dials] = [sum(({ sight }) => sight.drains), sum(({ sight }) => sight.dialsAfterDrain)];
  const gaps = `${sum(({ sight }) => sight.gaps)} and ${sumOfPages((page) => page.gaps)}`;
  const rows: readonly (readonly [string, number | string])[] = [
    ['clients in Node, browsers', `${clients.length}, ${pages.length}`],
    ['people, instances', `${people.length}, ${instances}`],
    ['messages acknowledged', sum(({ acked }) => acked.size)],
    ['deliveries to clients and to browsers', `${latencies.length} and ${sumOfPages(({ ids }) => ids.length)}`],
    ['sessions lost', sessionsLost],
    ['acknowledged messages lost without a gap', lost],
    ['acknowledged messages lost with a gap', people.reduce((total, each) => total + missingOf(each).informed, 0)],
    ['messages doubled without a fork or gap', doubled],
    ['messages out of order', outOfOrder],
    ['gaps that clients and browsers were informed of', gaps],
    ['forks that clients were informed of', sum(({ sight }) => sight.forks)],
    ['dials for each client with a slot', drains === 0 ? 'none had one' : (dials / drains).toFixed(3)],
    ['delivery p50, p99', `${percentile(latencies, 0.5)}, ${percentile(latencies, 0.99)} ms`],
  ];
  // One more for a run with few clients.
  const isPaced = dials <= drains * MAX_DIALS + 1;
  const isWhole = [sessionsLost, lost, doubled, outOfOrder].every((count) => count === 0) && latencies.length > 0;
  return {
    table: markdownTable([['what', 'figure'], ...rows.map(([what, figure]) => [what, String(figure)])]),
    isGood: isPaced && isWhole,
  };
};
