import type { IncomingMessage, ServerResponse } from 'node:http';
import { elapse } from '../../base/elapse.ts';
import { allowScript, injectScript } from './documents.ts';
import { answerOfFault, type OwnAnswer } from './fault-answers.ts';
import type { FaultAction } from './faults.ts';
import { GIVEN_UP, type Exchange } from './network-log.ts';
import {
  endToEnd,
  mapHeader,
  sendOnward,
  withoutHeaders,
  type Connection,
  type RawHeaders,
} from './gateway-request.ts';
import { redactHeaders, redactText } from './redact.ts';

/** One request on its way through the proxy. */
export type Passage = {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly connection: Connection;
  readonly exchange: Exchange;
  readonly actions: readonly FaultAction[];
  /** How far the clock of the lab's world is ahead (ms). The server's `Date` header follows it. */
  readonly clockOffsetMs: number;
  /** Sees the start of each answer with its secrets, for what only the lab itself needs. */
  onText(exchange: Exchange, text: string): void;
};

/** Enough for the answer of a "who am I" route. */
const EXCERPT_BYTES = 4_000;
const MAX_REPEATED_BYTES = 1_000_000;
const TEXT = /json|text|javascript|xml/;

const isAction =
  <T extends FaultAction['type']>(type: T) =>
  (action: FaultAction): action is Extract<FaultAction, { type: T }> =>
    action.type === type;

const elapsed = ({ exchange }: Passage): number => Date.now() - exchange.at;

const answered = (passage: Passage, status: number, headers: IncomingMessage['headers']): void => {
  passage.exchange.outcome = { state: 'answered', status, ms: elapsed(passage) };
  passage.exchange.responseHeaders = redactHeaders(headers);
};

const failed = (passage: Passage, why: string): void => {
  passage.exchange.outcome = { state: 'failed', why, ms: elapsed(passage) };
};

const sendOwn = (passage: Passage, { status, headers, body }: OwnAnswer): void => {
  passage.incoming.resume();
  answered(passage, status, headers);
  passage.exchange.excerpt = redactText(body);
  passage.outgoing.writeHead(status, headers).end(body);
};

const keepExcerpt = (passage: Passage, answer: IncomingMessage): void => {
  const { 'content-type': type = '', 'content-encoding': encoding } = answer.headers;
  if (!TEXT.test(type) || (encoding !== undefined && encoding !== 'identity')) return;
  let text = '';
  answer.on('data', (bytes: Buffer) => {
    if (text.length < EXCERPT_BYTES) text += bytes.toString('utf8').slice(0, EXCERPT_BYTES - text.length);
  });
  answer.once('end', () => {
    passage.exchange.excerpt = redactText(text);
    passage.onText(passage.exchange, text);
  });
};

const responseHeaders = ({ actions, clockOffsetMs }: Passage, answer: IncomingMessage): string[] => {
  const stripped = actions.filter(isAction('strip')).flatMap(({ response = [] }) => response);
  const kept = withoutHeaders(endToEnd(answer.rawHeaders), ...stripped);
  return clockOffsetMs === 0
    ? kept
    : mapHeader(kept, 'date', (date) => new Date(Date.parse(date) + clockOffsetMs).toUTCString());
};

/** Actions that need the whole text of an answer. */
const edits = ({ actions, exchange }: Passage, answer: IncomingMessage): boolean =>
  TEXT.test(answer.headers['content-type'] ?? '') &&
  actions.some(
    ({ type }) => type === 'replace' || type === 'append' || (type === 'inject' && exchange.kind === 'document'),
  );

const edited = (passage: Passage, text: string, headers: RawHeaders): { text: string; headers: RawHeaders } => {
  let out = { text, headers: withoutHeaders(headers, 'content-length', 'content-encoding', 'etag') };
  for (const action of passage.actions) {
    if (action.type === 'replace') out = { ...out, text: out.text.replaceAll(action.search, action.replacement) };
    if (action.type === 'append') out = { ...out, text: out.text + action.text };
    if (action.type === 'inject' && passage.exchange.kind === 'document')
      out = {
        text: injectScript(out.text, action.script),
        headers: mapHeader(out.headers, 'content-security-policy', (policy) => allowScript(policy, action.script)),
      };
  }
  return out;
};

const textOf = async (answer: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
};

const passBack = async (passage: Passage, answer: IncomingMessage): Promise<void> => {
  const { outgoing, connection, actions } = passage;
  const status = answer.statusCode ?? 502;
  keepExcerpt(passage, answer);
  if (actions.some(isAction('lost'))) {
    await textOf(answer);
    failed(passage, `the server answered ${status}, and the answer was lost`);
    connection.link.reset();
    return;
  }
  answered(passage, status, answer.headers);
  const headers = responseHeaders(passage, answer);
  if (edits(passage, answer)) {
    const changed = edited(passage, await textOf(answer), headers);
    outgoing.writeHead(status, [...changed.headers]).end(changed.text);
    return;
  }
  outgoing.writeHead(status, headers);
  answer.once('error', () => connection.link.reset());
  answer.pipe(outgoing);
};

/** The server receives the same request once more, and its second answer goes nowhere. */
const repeat = async (
  { connection, exchange }: Passage,
  onward: Parameters<typeof sendOnward>[1],
  body: Buffer,
  afterMs: number,
) => {
  await elapse(afterMs);
  const again = sendOnward(connection, onward);
  again.on('error', () => undefined);
  again.on('response', (answer) => {
    exchange.excerpt = `${exchange.excerpt}\n(The late duplicate was answered ${answer.statusCode}.)`;
    answer.resume();
  });
  again.end(body);
};

const forward = async (passage: Passage): Promise<void> => {
  const { incoming, outgoing, connection, actions, exchange } = passage;
  const stripped = actions.filter(isAction('strip')).flatMap(({ request = [] }) => request);
  const mustRead =
    exchange.kind === 'api' || actions.some(({ type }) => type === 'inject' || type === 'replace' || type === 'append');
  const onward = {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: mapHeader(withoutHeaders(incoming.rawHeaders, ...stripped), 'accept-encoding', (value) =>
      mustRead ? 'identity' : value,
    ),
  };
  const request = sendOnward(connection, onward);
  request.once('response', (answer) => void passBack(passage, answer).catch(() => connection.link.reset()));
  request.once('error', (error) => {
    if (exchange.outcome.state === 'pending') failed(passage, `the server's connection failed: ${error.message}`);
    connection.link.reset();
  });
  outgoing.once('close', () => {
    if (exchange.outcome.state === 'pending') failed(passage, GIVEN_UP);
    if (!outgoing.writableFinished) request.destroy();
  });
  const duplicate = actions.find(isAction('duplicate'));
  if (!duplicate) return void incoming.pipe(request);
  const body = Buffer.from(await textOf(incoming)).subarray(0, MAX_REPEATED_BYTES);
  request.end(body);
  outgoing.once('finish', () => void repeat(passage, onward, body, duplicate.afterMs));
};

/** Applies the faults to one request, and passes it on where they allow it. */
export const passRequest = async (passage: Passage): Promise<void> => {
  for (const action of passage.actions) {
    const own = answerOfFault(action, passage.incoming.headers.origin);
    if (own) return sendOwn(passage, own);
    switch (action.type) {
      case 'delay':
        await elapse(action.ms);
        break;
      case 'hang':
        failed(passage, 'no answer came, and the connection stayed open');
        return;
      case 'reset':
        failed(passage, 'the connection was reset');
        passage.connection.link.reset();
        return;
      default:
        break;
    }
  }
  await forward(passage);
};
