import { GIVEN_UP, type Exchange } from '../proxy/http/network-log.ts';
import type { LossCause } from '../results/result.ts';
import {
  type Loss,
  NEAR_MS,
  TOKEN,
  TICKET,
  UNAUTHORIZED,
  REFUSED,
  SERVER_ERROR,
  TOO_MANY,
  outcomeText,
  describeExchange,
  answerStatus,
  isBad,
  pathOf,
  hasAuthorization,
  isHtml,
  lossFacts,
  type CauseRule,
  cause,
} from './facts.ts';

const expiredTicket: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const refused = before.find((each) => each.kind === 'socket' && answerStatus(each) === UNAUTHORIZED);
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

/** A page that loads again gives up its own document. That follows from a decision of the page, and causes none. */
const isReplaced = ({ kind, outcome, faults }: Exchange): boolean =>
  kind === 'document' && outcome.state === 'failed' && outcome.why === GIVEN_UP && faults.length === 0;

const endNotShown: CauseRule = ({ isNotAsked, hasOtherTabs, exchanges, prevent: advice }) => {
  if (!isNotAsked) return undefined;
  if (hasOtherTabs)
    return cause('end-not-shared', 'Another tab ended the session, and this page did not notice.', advice);
  const prevent = 'On a 401 that no refresh cures, offer to sign in on the same page, and keep what the user typed.';
  const refused = exchanges.find(
    (each) => (each.kind === 'api' || each.kind === 'socket') && REFUSED.has(answerStatus(each)),
  );
  return refused
    ? cause(
        'end-not-shown',
        `${pathOf(refused)} was refused with ${answerStatus(refused)}, and the page showed no way to sign in.`,
        prevent,
        refused,
      )
    : cause(
        'end-not-noticed',
        'No answer refused the session: the page asked its backend nothing, or was answered as an anonymous user.',
        `Ask the backend who is signed in when the page becomes visible or connects again. ${prevent}`,
      );
};

const notRecovered: CauseRule = ({ isPageBroken, exchanges }) => {
  const failed = exchanges.findLast((each) => isBad(each) && !isReplaced(each));
  if (!isPageBroken || !failed) return undefined;
  const what = isHtml(failed) ? 'was answered with an HTML page' : outcomeText(failed);
  return cause(
    'page-not-recovered',
    `${pathOf(failed)} failed (${what}), and the page did not recover from it.`,
    'Check status and content type of each answer, catch the error where the page is drawn, and try again.',
    failed,
  );
};

const TOKEN_ENDPOINT = /\/(oauth2?\/)?(token|refresh|renew)s?(\/|$)/i;

const refreshFailed: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const failed = before.findLast((each) => each.method === 'POST' && TOKEN_ENDPOINT.test(pathOf(each)) && isBad(each));
  if (!failed) return undefined;
  const status = answerStatus(failed);
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
  const bare = after.find((each) => answerStatus(each) === UNAUTHORIZED) ?? after[0];
  return cause(
    'session-not-in-storage',
    'After the reload the site had no session any more: it sent no token and tried no refresh. What it had saved was not stored.',
    'Write the refresh token to IndexedDB first, read it back before you trust it, and count undefined from a native store as a failure.',
    bare,
  );
};

const unauthorizedAnswer: CauseRule = ({ type, before }) => {
  if (type !== 'session') return undefined;
  const refused = before.find((each) => each.kind === 'api' && answerStatus(each) === UNAUTHORIZED);
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

const notNoticed: CauseRule = ({ type, refusedBehindPage }) => {
  if (type !== 'session' || refusedBehindPage === undefined) return undefined;
  return cause(
    'end-not-noticed',
    `The backend refuses the session (${refusedBehindPage}), and the page still shows the user.`,
    'Ask the backend who is signed in when the page wakes, becomes visible or connects again. On a refusal, offer to sign in on the same page.',
  );
};

/** What a site needs an answer to. A document that the browser gave up was replaced by another one. */
const wasRefused = (exchange: Exchange): boolean =>
  isBad(exchange) && (exchange.kind === 'api' || exchange.kind === 'socket');

const decidedByClock: CauseRule = ({ type, before, hasShiftedClock, signedOutAt }) => {
  if (type !== 'session' || !hasShiftedClock || signedOutAt === undefined || before.some(wasRefused)) return undefined;
  return cause(
    'signed-out-by-clock',
    'No answer refused the session: the page signed the user out by the clock of the browser.',
    "Renew the token before it expires, and let a 401 of the server decide. The clock of a device may be wrong: compare it with the server's Date header.",
  );
};

const silentSocket: CauseRule = ({ type, sockets }) => {
  const silent = sockets.findLast(({ silentSince, end }) => silentSince !== undefined && end === undefined);
  if (type === 'session' || !silent) return undefined;
  const later = sockets.some(({ url, at }) => url === silent.url && at > (silent.silentSince ?? 0));
  if (later) return undefined;
  return cause(
    'no-heartbeat',
    `The connection of ${new URL(silent.url).pathname} carried nothing any more, and the site did not notice it in time.`,
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
  endNotShown,
  notRecovered,
  expiredTicket,
  refreshFailed,
  ticketRequestFailed,
  wrongPage,
  unauthorizedAnswer,
  decidedByClock,
  notInStorage,
  notNoticed,
  silentSocket,
  ticketGivenUp,
  noReconnect,
];

/** The likely cause of a loss, from the traces in the network. */
export const findCause = (loss: Loss): LossCause => {
  const facts = lossFacts(loss);
  for (const rule of RULES) {
    const found = rule(facts);
    if (found) return found;
  }
  const first = (loss.type === 'session' ? facts.before : facts.exchanges).find(
    (each) => isBad(each) && TOKEN.test(each.url),
  );
  const exchange = first ?? facts.before.find((each) => isBad(each) && !isReplaced(each));
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
