import { CLOSE_CODE } from '../../protocol/frames.ts';
import { isObject, own, parseJson, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { codecOf, frameVerdict, type CodecEvent, type CodecKind, type Frame, type Put } from '../codecs/codec.ts';
import { blamesMessage, createSuspects } from '../socket/suspects.ts';
import { createTabSockets, OVER_LIMIT, type TabSocket } from '../codecs/tab-sockets.ts';

/*
 * GraphQL over WebSocket (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md): the
 * operations of all tabs on one connection, where each has an id of the connection's own. The protocol has no cursor.
 * After a lost connection, the worker sends subscriptions and queries again. It reports a possible gap to their clients
 * with a `ping` whose payload is `{"possibleGap":[ids]}`. A mutation ends with an error, because the server may have
 * run it. All tabs share the `connection_init` payload of the first one: they are one session. An operation on which the
 * server closes the connection ends with an error too.
 *
 * Long because a reader follows one protocol from top to bottom.
 */

const SUBPROTOCOL = 'graphql-transport-ws';

/** Close codes of the protocol. */
const INVALID = 4400;
const UNAUTHORIZED = 4401;
const INIT_TIMEOUT = 4408;
const TAKEN = 4409;
const TOO_MANY_INITS = 4429;
/** A wrong message of a client, or a request that the server cannot fulfil. A retry would fail in the same way. */
const FATAL: readonly number[] = [INVALID, 4406, TAKEN, TOO_MANY_INITS, 4500, 4504];

const MAX_OPERATIONS = 1_024;

const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';
const refusedWith = (code: number) => ({ message: `The server closed the connection on this operation (${code}).` });
const UNCERTAIN = { message: 'The connection was lost; whether this was carried out is unknown.' };

const NOISE = /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|#.*/g;
const INNERMOST = /\{[^{}()]*\}|\([^{}()]*\)/g;

/** Whether the server may run an operation twice: none of the document's definitions is a mutation. */
export const isRepeatable = (payload: unknown): boolean => {
  let rest = isObject(payload) ? stringAt(payload, 'query')?.replace(NOISE, ' ') : undefined;
  // A persisted query has a hash instead of a document, so it can be a mutation.
  if (rest === undefined) return false;
  for (let before; before !== rest; rest = rest.replace(INNERMOST, ';')) before = rest;
  return !/\bmutation\b/.test(rest);
};

type Operation = { owner: Entry; id: string; frame: JsonObject; state: 'waiting' | 'sent'; repeatable: boolean };
type Init = { payload: unknown };
type Own = { init: 'none' | 'asked' | 'acknowledged'; sent?: Init | undefined; ids: Map<string, string> };
type Entry = TabSocket & Own;

const parseMessage = (data: Frame): { type: string; id: string; message: JsonObject } | undefined => {
  const message = typeof data === 'string' ? parseJson(data) : undefined;
  if (!isObject(message)) return undefined;
  return { type: stringAt(message, 'type') ?? '', id: stringAt(message, 'id') ?? '', message };
};

const build = (put: Put) => {
  const operations = new Map<string, Operation>();
  let link: 'down' | 'open' | 'initialising' | 'up' = 'down';
  let init: Init | undefined;
  let acknowledged: string | undefined;
  let lastId = 0;
  let now = 0;
  const suspects = createSuspects(FATAL);
  let pongsMissing = 0;
  let probedAt: number | undefined;
  const sockets = createTabSockets<Own>(put, {
    open: (event) => onOpen(event),
    send: (entry, data) => onSend(entry, data),
    leave: (entry) => release(entry),
  });

  const send = (message: JsonObject): void => {
    put({ type: 'send', data: JSON.stringify(message) });
    put({ type: 'count', what: 'sent', by: 1 });
  };
  const sendTo = (entry: Entry, message: JsonObject): void => sockets.send(entry, JSON.stringify(message));

  /** All that another worker needs to continue: this tab's operations and its `connection_init` payload. */
  const sendResumeToken = (entry: Entry): void =>
    sockets.sendResumeToken(entry, {
      ...init,
      operations: [...entry.ids.values()].map((key) => operations.get(key)?.frame),
    });

  const initialise = (): void => {
    if (link !== 'open' || !init) return;
    link = 'initialising';
    put({ type: 'send', data: JSON.stringify({ type: 'connection_init', ...init }) });
  };

  const acknowledge = (entry: Entry): void => {
    entry.init = 'acknowledged';
    sockets.send(entry, acknowledged ?? '{"type":"connection_ack"}');
    sendResumeToken(entry);
  };

  /** A suspect goes out alone, and a ping behind it: its answer shows that the server took the operation. */
  const sendOn = (): void => {
    if (link !== 'up') return;
    let sent = 0;
    for (const [key, operation] of operations) {
      if (operation.state === 'sent' || !suspects.maySend(key, now)) continue;
      operation.state = 'sent';
      sent += 1;
      suspects.sent(key, now);
      send({ ...operation.frame, id: key });
    }
    if (sent > 0 && suspects.isBusy) ping();
  };

  const ping = (): void => {
    pongsMissing += 1;
    put({ type: 'send', data: PING });
  };

  const sendWaiting = (): void => {
    if (suspects.isBusy) sendOn();
  };

  const add = (owner: Entry, id: string, frame: JsonObject): Operation => {
    const key = String(++lastId);
    const operation: Operation = {
      owner,
      id,
      frame,
      state: 'waiting',
      repeatable: isRepeatable(own(frame, 'payload')),
    };
    operations.set(key, operation);
    owner.ids.set(id, key);
    sendOn();
    return operation;
  };

  const drop = (key: string, { owner, id }: Operation): void => {
    operations.delete(key);
    suspects.forget(key);
    owner.ids.delete(id);
  };

  const fail = (key: string, operation: Operation, error: JsonObject): void => {
    drop(key, operation);
    sendTo(operation.owner, { id: operation.id, type: 'error', payload: [error] });
    sendResumeToken(operation.owner);
  };

  /** A socket's operations end with it, on the server too. */
  const release = (entry: Entry): void => {
    for (const key of entry.ids.values()) {
      if (operations.get(key)?.state === 'sent' && link === 'up') send({ id: key, type: 'complete' });
      operations.delete(key);
      suspects.forget(key);
    }
    entry.ids.clear();
    sendWaiting();
  };

  const refuse = (entry: Entry, code: number, reason: string): void => {
    release(entry);
    sockets.close(entry, code, reason, true);
  };

  const reportGaps = (again: readonly Operation[]): void => {
    for (const entry of sockets.all()) {
      const ids = again.filter(({ owner }) => owner === entry).map(({ id }) => id);
      if (ids.length > 0) sendTo(entry, { type: 'ping', payload: { possibleGap: ids } });
    }
  };

  const onAcknowledged = (text: string): void => {
    if (link !== 'initialising') return;
    link = 'up';
    if (acknowledged !== undefined) put({ type: 'count', what: 'resumed', by: 1 });
    acknowledged = text;
    put({ type: 'greeted' });
    for (const entry of sockets.all()) if (entry.init === 'asked') acknowledge(entry);
    const again = [...operations.values()].filter(({ state }) => state === 'sent');
    reportGaps(again);
    for (const operation of again) operation.state = 'waiting';
    sendOn();
  };

  const onResult = (type: string, key: string, message: JsonObject): void => {
    const operation = operations.get(key);
    if (!operation) return;
    put({ type: 'count', what: 'received', by: 1 });
    if (type === 'next') suspects.answered(key);
    else drop(key, operation);
    sendTo(operation.owner, { ...message, id: operation.id });
    if (type !== 'next') sendResumeToken(operation.owner);
    sendWaiting();
  };

  const onPong = (): void => {
    if (probedAt !== undefined) put({ type: 'round-trip', ms: Math.max(0, now - probedAt) });
    probedAt = undefined;
    pongsMissing -= 1;
    if (pongsMissing > 0) return;
    pongsMissing = 0;
    suspects.passed();
    sendWaiting();
  };

  const onFrame = (data: Frame): void => {
    const parsed = parseMessage(data);
    switch (parsed?.type) {
      case 'connection_ack':
        return onAcknowledged(JSON.stringify(parsed.message));
      case 'ping':
        return put({ type: 'send', data: PONG });
      case 'pong':
        return onPong();
      case 'next':
      case 'error':
      case 'complete':
        return onResult(parsed.type, parsed.id, parsed.message);
      default:
        return put({ type: 'violated' });
    }
  };

  const onInit = (entry: Entry, payload: unknown): void => {
    if (entry.init !== 'none') return refuse(entry, TOO_MANY_INITS, 'Too many initialisation requests');
    entry.init = 'asked';
    entry.sent = payload === undefined ? { payload: {} } : { payload };
    init ??= entry.sent;
    if (link === 'up') acknowledge(entry);
    else initialise();
  };

  const onSubscribe = (entry: Entry, id: string, message: JsonObject): void => {
    if (entry.init !== 'acknowledged') return refuse(entry, UNAUTHORIZED, 'Unauthorized');
    const known = operations.get(entry.ids.get(id) ?? '');
    // A tab repeats a `subscribe` that it sent to a worker which was stopped before it confirmed it.
    if (known && JSON.stringify(known.frame) === JSON.stringify(message)) return;
    if (known) return refuse(entry, TAKEN, `Subscriber for ${id} already exists`.slice(0, 100));
    if (operations.size >= MAX_OPERATIONS) return refuse(entry, CLOSE_CODE.tryLater, OVER_LIMIT);
    add(entry, id, message);
    sendResumeToken(entry);
  };

  const onComplete = (entry: Entry, id: string): void => {
    const key = entry.ids.get(id);
    const operation = operations.get(key ?? '');
    if (key === undefined || !operation) return;
    drop(key, operation);
    if (operation.state === 'sent' && link === 'up') send({ id: key, type: 'complete' });
    sendResumeToken(entry);
    sendWaiting();
  };

  /** A message for which a server would close the connection closes only this tab's socket. */
  const onSend = (entry: Entry, data: Frame): void => {
    const parsed = parseMessage(data);
    switch (parsed?.type) {
      case 'connection_init':
        return onInit(entry, own(parsed.message, 'payload'));
      case 'ping':
        return sockets.send(entry, PONG);
      case 'pong':
        return;
      case 'subscribe':
        if (parsed.id !== '') return onSubscribe(entry, parsed.id, parsed.message);
        break;
      case 'complete':
        return onComplete(entry, parsed.id);
      default:
    }
    refuse(entry, INVALID, 'Invalid message received');
  };

  const onOpen = (event: CodecEvent & { type: 'socket-open' }): void => {
    const former = sockets.of(event);
    if (former) release(former);
    const entry = sockets.add(event, { init: 'none', ids: new Map() });
    if (link !== 'down') sockets.admit(entry, SUBPROTOCOL);
    const token = parseJson(event.again ?? '');
    if (!isObject(token) || !Object.hasOwn(token, 'payload')) return;
    entry.init = 'acknowledged';
    entry.sent = { payload: own(token, 'payload') };
    init ??= entry.sent;
    initialise();
    const frames = own(token, 'operations');
    for (const frame of Array.isArray(frames) ? (frames as unknown[]) : []) {
      const id = isObject(frame) ? stringAt(frame, 'id') : undefined;
      if (isObject(frame) && id !== undefined && operations.size < MAX_OPERATIONS) restore(entry, id, frame);
    }
    sendResumeToken(entry);
  };

  const restore = (entry: Entry, id: string, frame: JsonObject): void => {
    if (!isRepeatable(own(frame, 'payload'))) return sendTo(entry, { id, type: 'error', payload: [UNCERTAIN] });
    const operation = add(entry, id, frame);
    if (operation.state === 'sent') reportGaps([operation]);
    // So `onAcknowledged` reports its gap and sends it again.
    else if (link !== 'up') operation.state = 'sent';
  };

  /** The server refuses this payload. Another tab may have another one. */
  const onInitRefused = (code: number): void => {
    const refused = JSON.stringify(init);
    init = undefined;
    for (const entry of sockets.all())
      if (entry.init !== 'none' && JSON.stringify(entry.sent) === refused) refuse(entry, code, '');
    init = sockets.all().find(({ sent }) => sent)?.sent;
  };

  const onClosed = (code: number, isLocal: boolean): void => {
    const former = link;
    link = 'down';
    probedAt = undefined;
    pongsMissing = 0;
    const isFatal = FATAL.includes(code) || blamesMessage(code);
    if (former === 'initialising') return isFatal && !isLocal ? onInitRefused(code) : undefined;
    const { accused, guilty = '' } = suspects.closed(code, isLocal, now);
    if (FATAL.includes(code) && accused === 0) return sockets.all().forEach((entry) => refuse(entry, code, ''));
    for (const entry of sockets.all())
      if (code === INIT_TIMEOUT && entry.init === 'none' && entry.state === 'open') refuse(entry, code, '');
    const cause = operations.get(guilty);
    if (cause) fail(guilty, cause, refusedWith(code));
    if (former !== 'up') return;
    for (const [key, operation] of operations)
      if (operation.state === 'sent' && !operation.repeatable) fail(key, operation, UNCERTAIN);
  };

  const handle = (event: CodecEvent, at: number): void => {
    now = at;
    switch (event.type) {
      case 'opened':
        link = 'open';
        for (const entry of sockets.all()) if (entry.state === 'waiting') sockets.admit(entry, SUBPROTOCOL);
        return initialise();
      case 'frame':
        return onFrame(event.data);
      case 'closed':
        return onClosed(event.code, event.local === true);
      case 'ended':
        operations.clear();
        suspects.clear();
        return sockets.closeAll(event.code, event.reason, event.wasClean);
      case 'forget':
        init = acknowledged = undefined;
        return;
      case 'wake':
        return sendOn();
      case 'probe':
        probedAt = now;
        return ping();
      default:
        return sockets.handle(event);
    }
  };

  return { listeners: sockets, handle, wakeAt: suspects.wakeAt };
};

/** GraphQL over WebSocket, as graphql-ws speaks it. Pass it to `socketsWith`. */
export const graphqlTransportWs: CodecKind = {
  name: SUBPROTOCOL,
  subprotocol: SUBPROTOCOL,
  shares: 'frames',
  create: () => codecOf(build),
  // In this protocol 4409 and 4429 concern one client's messages. In `keeper.1` they concern the whole connection.
  closed: (code, reason) =>
    FATAL.includes(code) || code === INIT_TIMEOUT ? { type: 'redial' } : frameVerdict(code, reason),
};
