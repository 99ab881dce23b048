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
};

/** A cause is near the sign-out in time: a site rarely waits longer after the answer that made it give up. */
const NEAR_MS = 5_000;
const TOKEN = /(token|refresh|renew|oauth|session)/i;
const TICKET = /(ticket|token|ws|socket|negotiate|event)/i;
const UNAUTHORIZED = 401;
const SERVER_ERROR = 500;
const TOO_MANY = 429;
const PAGE_DOCS = 'docs/explanation/spurious-logouts.md';

const outcomeText = ({ outcome }: Exchange): string => {
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

const statusOf = ({ outcome }: Exchange): number => (outcome.state === 'answered' ? outcome.status : 0);
const isBad = (exchange: Exchange): boolean =>
  exchange.outcome.state === 'failed' || statusOf(exchange) >= 400 || exchange.faults.length > 0;
const pathOf = ({ url }: Exchange): string => new URL(url).pathname;
const hasAuthorization = ({ requestHeaders }: Exchange): boolean => 'authorization' in requestHeaders;
const isHtml = ({ responseHeaders }: Exchange): boolean => responseHeaders['content-type']?.includes('html') ?? false;

type Facts = Loss & { exchanges: readonly Exchange[]; sockets: readonly SocketRecord[]; before: readonly Exchange[] };

const factsOf = (loss: Loss): Facts => {
  const exchanges = loss.records.flatMap((record) => (record.type === 'exchange' ? [record] : []));
  const sockets = loss.records.flatMap((record) => (record.type === 'socket' ? [record] : []));
  const { signedOutAt } = loss;
  const before = exchanges.filter(
    ({ at }) => signedOutAt === undefined || (at <= signedOutAt && at >= signedOutAt - NEAR_MS),
  );
  return { ...loss, exchanges, sockets, before };
};

/** A rule knows one cause by its traces. `undefined`: it is another one. */
type CauseRule = (facts: Facts) => LossCause | undefined;

const cause = (code: string, text: string, prevent: string, exchange?: Exchange): LossCause => ({
  code,
  text,
  prevent,
  docs: PAGE_DOCS,
  ...(exchange ? { request: describeExchange(exchange) } : {}),
});

const expiredTicket: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const refused = before.find((each) => each.kind === 'socket' && statusOf(each) === UNAUTHORIZED);
  if (!refused) return undefined;
  return cause(
    'socket-ticket-expired',
    `The socket's ticket had expired, or had been used before: ${pathOf(refused)} refused it with 401, and the site signed the user out.`,
    'Fetch a new ticket for every attempt to connect, and never let a socket sign anyone out: only the token endpoint may.',
    refused,
  );
};

const ticketRequestFailed: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const failed = before.findLast(
    (each) => each.kind === 'api' && TICKET.test(pathOf(each)) && !TOKEN_ENDPOINT.test(pathOf(each)) && isBad(each),
  );
  if (!failed) return undefined;
  return cause(
    'ticket-request-failed',
    `One failed request for a socket's ticket (${pathOf(failed)}: ${outcomeText(failed)}) signed the user out.`,
    'Treat a failed ticket request as a lost connection: try again later, with a pause that grows.',
    failed,
  );
};

const TOKEN_ENDPOINT = /\/(oauth2?\/)?(token|refresh|renew)s?(\/|$)/i;

const refreshFailed: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const failed = before.findLast((each) => each.method === 'POST' && TOKEN_ENDPOINT.test(pathOf(each)) && isBad(each));
  if (!failed) return undefined;
  const status = statusOf(failed);
  if (failed.excerpt.includes('invalid_grant')) return reusedRefreshToken(failed, before);
  const what = isHtml(failed) ? 'answered with an HTML page' : outcomeText(failed);
  const kind =
    status >= SERVER_ERROR || status === TOO_MANY || failed.outcome.state === 'failed' ? 'passing' : 'unclear';
  return cause(
    `refresh-failed-${kind}`,
    `One refresh failed (${pathOf(failed)}: ${what}), and the site took that for the end of the session.`,
    'Only the OAuth error invalid_grant of the token endpoint ends a session. Keep the tokens on every other answer, and try again.',
    failed,
  );
};

const reusedRefreshToken = (failed: Exchange, before: readonly Exchange[]): LossCause => {
  const earlier = before.find(
    (each) => each !== failed && TOKEN_ENDPOINT.test(pathOf(each)) && each.outcome.state === 'failed',
  );
  return earlier
    ? cause(
        'refresh-answer-lost',
        'The answer of a refresh was lost, and the provider refused the same refresh token when it came again.',
        'Let the provider accept a used refresh token again for some seconds, and retry a lost refresh at once with the same token.',
        failed,
      )
    : cause(
        'refresh-token-used-twice',
        'The provider refused a refresh token that another tab or worker had used already.',
        'Refresh in one place only: hold a Web Lock, and read the stored tokens again inside it before each refresh.',
        failed,
      );
};

const notInStorage: CauseRule = ({ type, exchanges, reloads, hasUsedBearer, signedOutAt }) => {
  const reloadedAt = reloads.findLast((at) => signedOutAt === undefined || at <= signedOutAt + NEAR_MS);
  if (type !== 'session' || reloadedAt === undefined || !hasUsedBearer) return undefined;
  const after = exchanges.filter(({ at, kind }) => at >= reloadedAt && kind === 'api');
  if (after.some(hasAuthorization) || after.some((each) => TOKEN_ENDPOINT.test(pathOf(each)))) return undefined;
  const bare = after.find((each) => statusOf(each) === UNAUTHORIZED) ?? after[0];
  return cause(
    'session-not-in-storage',
    'After the reload the site had no session any more: it sent no token and tried no refresh. What it had saved was not stored.',
    'Write the refresh token to IndexedDB first, read it back before you trust it, and count undefined from a native store as a failure.',
    bare,
  );
};

const unauthorizedAnswer: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const refused = before.find((each) => each.kind === 'api' && statusOf(each) === UNAUTHORIZED);
  if (!refused || before.some((each) => TOKEN_ENDPOINT.test(pathOf(each)))) return undefined;
  return cause(
    'signed-out-by-401',
    `One 401 of ${pathOf(refused)} signed the user out, without an attempt to refresh.`,
    'On a 401, refresh once and send the request again. Sign out only when the token endpoint answers invalid_grant.',
    refused,
  );
};

const wrongPage: CauseRule = ({ type, before }) => {
  const html = before.find((each) => each.kind === 'api' && isHtml(each) && each.faults.length > 0);
  if (type !== 'session' || !html) return undefined;
  return cause(
    'html-for-json',
    `${pathOf(html)} was answered with a page instead of JSON, and the site took that for the end of the session.`,
    'Check the content type of an answer before you judge it. A page of a proxy or Wi-Fi says nothing about the session.',
    html,
  );
};

const silentSocket: CauseRule = ({ type, sockets }) => {
  const silent = sockets.findLast(({ silentSince, end }) => silentSince !== undefined && end === undefined);
  if (type === 'session' || !silent) return undefined;
  const later = sockets.some(({ url, at }) => url === silent.url && at > (silent.silentSince ?? 0));
  if (later) return undefined;
  return cause(
    'no-heartbeat',
    `The connection of ${new URL(silent.url).pathname} carried nothing any more, and the site did not notice.`,
    'Send a heartbeat both ways, and open a new socket when an answer is late: a dead network closes nothing.',
  );
};

const ticketGivenUp: CauseRule = ({ type, sockets, exchanges }) => {
  const ended = sockets.findLast(({ end }) => end !== undefined);
  if (type === 'session' || !ended?.end) return undefined;
  const endedAt = ended.end.at;
  const later = exchanges.filter(({ at }) => at >= endedAt);
  const failed = later.findLast((each) => each.kind === 'api' && TICKET.test(pathOf(each)) && isBad(each));
  if (!failed || later.some(({ kind }) => kind === 'socket')) return undefined;
  return cause(
    'ticket-given-up',
    `The request for a new ticket failed (${pathOf(failed)}: ${outcomeText(failed)}), and the site did not try again in time.`,
    'Try again after each failed ticket request, with a pause that grows. A firewall answers 403 for a moment, too.',
    failed,
  );
};

const noReconnect: CauseRule = ({ type, sockets, exchanges }) => {
  const ended = sockets.findLast(({ end }) => end !== undefined);
  if (type === 'session' || !ended?.end) return undefined;
  const endedAt = ended.end.at;
  const attempts = exchanges.filter(({ kind, at }) => kind === 'socket' && at >= endedAt);
  const failed = attempts.findLast(isBad);
  const where = new URL(ended.url).pathname;
  return attempts.length === 0
    ? cause(
        'no-reconnect',
        `The socket ${where} closed (${ended.end.code ?? 'without a code'}), and the site opened no other one.`,
        'Open a new socket after each close, with a jittered pause that grows and starts again after a while of uptime.',
      )
    : cause(
        'reconnect-fails',
        `The socket ${where} closed, and ${attempts.length} attempts to open another one failed.`,
        'Fetch a new ticket for every attempt, and keep on trying with a pause that grows.',
        failed,
      );
};

const RULES: readonly CauseRule[] = [
  expiredTicket,
  refreshFailed,
  ticketRequestFailed,
  wrongPage,
  unauthorizedAnswer,
  notInStorage,
  silentSocket,
  ticketGivenUp,
  noReconnect,
];

/** The likely cause of a loss, from the traces in the network. */
export const findCause = (loss: Loss): LossCause => {
  const facts = factsOf(loss);
  for (const rule of RULES) {
    const found = rule(facts);
    if (found) return found;
  }
  const first = (loss.type === 'session' ? facts.before : facts.exchanges).find(
    (each) => isBad(each) && TOKEN.test(each.url),
  );
  const exchange = first ?? facts.before.find(isBad);
  const text = exchange
    ? `The first bad event was ${exchange.method} ${pathOf(exchange)}: ${outcomeText(exchange)}.`
    : 'No request failed before it: the site decided by itself.';
  return {
    code: 'unknown',
    text,
    prevent: loss.prevent,
    ...(loss.docs === undefined ? {} : { docs: loss.docs }),
    ...(exchange ? { request: describeExchange(exchange) } : {}),
  };
};
