import type { Exchange, NetworkRecord, SocketRecord } from '../proxy/http/network-log.ts';
import type { BadRequest, LossCause } from '../results/result.ts';

/** What is known of a loss. Times are ms since the Unix epoch. */
export type Loss = {
  type: 'session' | 'connection' | 'messages';
  records: readonly NetworkRecord[];
  /** When the page first asked to sign in. */
  signedOutAt: number | undefined;
  /** Start times of the page's reloads. */
  reloads: readonly number[];
  /** The scenario's advice, for a cause that no rule knows. */
  prevent: string;
  docs: string | undefined;
  hasUsedBearer: boolean;
  /** Whether the scenario shifted the clock of the browser, or let time pass. */
  hasShiftedClock: boolean;
  /** The status with which the backend refuses the proof path while the page still shows a user. */
  refusedBehindPage: number | undefined;
  /** Whether the session was really over, and the page did not offer to sign in. */
  isNotAsked: boolean;
  /** Whether the backend confirms the user, and the page shows neither the user nor a sign-in. */
  isPageBroken: boolean;
  /** Whether the scenario had more tabs than the first. The records do not say which tab sent what. */
  hasOtherTabs: boolean;
};

/** A cause is near the sign-out in time: a site rarely waits longer after the answer that made it give up. */
export const NEAR_MS = 5_000;
export const TOKEN = /(token|refresh|renew|oauth|session)/i;
export const TICKET = /(ticket|token|ws|socket|negotiate|event)/i;
export const UNAUTHORIZED = 401;
export const REFUSED = new Set([UNAUTHORIZED, 403]);
export const SERVER_ERROR = 500;
export const TOO_MANY = 429;
const PAGE_DOCS = 'docs/explanation/spurious-logouts.md';

export const outcomeText = ({ outcome }: Exchange): string => {
  if (outcome.state === 'answered') return `answered ${outcome.status}`;
  return outcome.state === 'failed' ? outcome.why : 'no answer yet';
};

export const describeExchange = (exchange: Exchange): BadRequest => ({
  method: exchange.method,
  url: exchange.url,
  outcome: outcomeText(exchange),
  faults: exchange.faults,
  requestHeaders: exchange.requestHeaders,
  responseHeaders: exchange.responseHeaders,
  excerpt: exchange.excerpt,
});

export const answerStatus = ({ outcome }: Exchange): number => (outcome.state === 'answered' ? outcome.status : 0);
export const isBad = (exchange: Exchange): boolean =>
  exchange.outcome.state === 'failed' || answerStatus(exchange) >= 400 || exchange.faults.length > 0;
export const pathOf = ({ url }: Exchange): string => new URL(url).pathname;
export const hasAuthorization = ({ requestHeaders }: Exchange): boolean => 'authorization' in requestHeaders;
export const isHtml = ({ responseHeaders }: Exchange): boolean =>
  responseHeaders['content-type']?.includes('html') ?? false;

type Facts = Loss & { exchanges: readonly Exchange[]; sockets: readonly SocketRecord[]; before: readonly Exchange[] };

export const lossFacts = (loss: Loss): Facts => {
  const exchanges = loss.records.flatMap((record) => (record.type === 'exchange' ? [record] : []));
  const sockets = loss.records.flatMap((record) => (record.type === 'socket' ? [record] : []));
  const { signedOutAt } = loss;
  const before = exchanges.filter(
    ({ at }) => signedOutAt === undefined || (at <= signedOutAt && at >= signedOutAt - NEAR_MS),
  );
  return { ...loss, exchanges, sockets, before };
};

/** A rule knows one cause by its traces. `undefined`: it is another one. */
export type CauseRule = (facts: Facts) => LossCause | undefined;

export const cause = (code: string, text: string, prevent: string, exchange?: Exchange): LossCause => ({
  code,
  text,
  prevent,
  docs: PAGE_DOCS,
  ...(exchange ? { request: describeExchange(exchange) } : {}),
});
