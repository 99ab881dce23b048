import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { startTimer } from '../../../src/protocol/timing/timer.ts';
import { answerOfFault, type OwnAnswer } from './fault-answers.ts';
import type { FaultAction } from './faults.ts';
import { closeFrame, createFrameReader, OPCODE } from './frames.ts';
import { mapHeader, sendOnward, withoutHeaders, type Connection, type RawHeaders } from './gateway-request.ts';
import type { Exchange, NetworkLog, SocketEnd, SocketRecord } from './network-log.ts';
import { redactHeaders } from './redact.ts';

/** A WebSocket that is open through the proxy. */
export type OpenSocket = {
  readonly record: SocketRecord;
  /** Passes nothing any more. Neither side sees an end. */
  silence(): void;
  /** Sends the browser a close frame, or with no code ends the connection without one. */
  close(code: number | undefined): void;
};

export type SocketGateway = {
  /** The open ones. */
  sockets(): readonly OpenSocket[];
  /** Cuts each socket that the server leaves silent for so long (ms), as many proxies do. `undefined`: never. */
  setIdleCut(ms: number | undefined): void;
  upgrade(handshake: SocketHandshake): void;
};

export type SocketHandshake = {
  incoming: IncomingMessage;
  /** The connection to the browser. */
  near: Duplex;
  head: Buffer;
  connection: Connection;
  exchange: Exchange;
  actions: readonly FaultAction[];
};

const headText = (status: number, reason: string, headers: RawHeaders): string => {
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []));
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}\r\n\r\n`;
};

const refuse = ({ near, exchange }: SocketHandshake, { status, headers, body }: OwnAnswer): void => {
  exchange.outcome = { state: 'answered', status, ms: Date.now() - exchange.at };
  exchange.responseHeaders = headers;
  const all = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) };
  near.end(headText(status, 'Refused', Object.entries(all).flat()) + body);
};

const fail = ({ exchange, connection }: SocketHandshake, why: string): void => {
  exchange.outcome = { state: 'failed', why, ms: Date.now() - exchange.at };
  connection.link.reset();
};

const isData = (opcode: number): boolean =>
  opcode === OPCODE.text || opcode === OPCODE.binary || opcode === OPCODE.continuation;

/** Joins the browser's side and the server's, and counts what passes. */
const join = ({ near, connection }: SocketHandshake, far: Duplex, record: SocketRecord) => {
  const [fromBrowser, fromServer] = [createFrameReader(), createFrameReader()];
  const ended = (by: SocketEnd['by'], code: number | undefined): void => {
    record.end ??= { at: Date.now(), by, code };
  };
  const isSilent = (): boolean => record.silentSince !== undefined;
  const passOn = (from: Duplex, to: Duplex, read: (bytes: Buffer) => void): void => {
    from.on('data', (bytes: Buffer) => {
      if (isSilent()) return;
      read(bytes);
      if (!to.destroyed && !to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    });
  };
  passOn(near, far, (bytes) => {
    for (const { opcode, closeCode } of fromBrowser(bytes)) {
      if (isData(opcode)) record.sent += 1;
      if (opcode === OPCODE.close) ended('browser', closeCode);
    }
  });
  passOn(far, near, (bytes) => {
    for (const { opcode, closeCode } of fromServer(bytes)) {
      if (isData(opcode)) record.received += 1;
      if (opcode === OPCODE.close) ended('server', closeCode);
    }
  });
  const onEnd = (by: SocketEnd['by'], other: Duplex) => (): void => {
    if (isSilent()) return;
    ended(by, undefined);
    other.end();
  };
  near.on('end', onEnd('browser', far)).on('close', onEnd('browser', far));
  far.on('end', onEnd('server', near)).on('close', onEnd('server', near));
  near.on('error', () => far.destroy());
  far.on('error', () => connection.link.reset());
  return {
    silence: () => {
      record.silentSince ??= Date.now();
    },
    close: (code: number | undefined) => {
      ended('proxy', code);
      if (code === undefined) return connection.link.reset();
      near.end(closeFrame(code));
      far.destroy();
    },
  };
};

export const createSocketGateway = (log: NetworkLog): SocketGateway => {
  const open = new Set<OpenSocket>();
  let idleCutMs: number | undefined;

  /** Starts the count again with each byte of the server, as nginx does (`proxy_read_timeout`). */
  const cutWhenIdle = (socket: OpenSocket, far: Duplex): void => {
    let cancel = (): void => undefined;
    const restart = (): void => {
      cancel();
      if (idleCutMs !== undefined) cancel = startTimer(() => socket.close(undefined), idleCutMs);
    };
    far.on('data', restart).once('close', () => cancel());
    restart();
  };

  const connected = (handshake: SocketHandshake, far: Duplex, farHead: Buffer): void => {
    const { exchange, near, head, connection } = handshake;
    const record: SocketRecord = {
      type: 'socket',
      id: log.nextId(),
      at: Date.now(),
      url: exchange.url,
      sent: 0,
      received: 0,
      silentSince: undefined,
      end: undefined,
    };
    log.add(record);
    const socket: OpenSocket = { record, ...join(handshake, far, record) };
    open.add(socket);
    near.once('close', () => open.delete(socket));
    if (farHead.length > 0) far.unshift(farHead);
    if (head.length > 0) near.unshift(head);
    cutWhenIdle(socket, far);
    const afterwards = handshake.actions.find((action) => action.type === 'close-after-upgrade');
    if (afterwards) socket.close(afterwards.code);
    if (handshake.actions.some(({ type }) => type === 'hang')) socket.silence();
    if (!connection.link.isOpen) far.destroy();
  };

  return {
    sockets: () => [...open],
    setIdleCut: (ms) => {
      idleCutMs = ms;
    },
    upgrade: (handshake) => {
      const { incoming, near, connection, exchange, actions } = handshake;
      near.on('error', () => near.destroy());
      for (const action of actions) {
        const own = answerOfFault(action);
        if (own) return refuse(handshake, own);
        if (action.type === 'reset') return fail(handshake, 'the connection was reset');
      }
      // Compressed frames would say nothing to a reader of the report.
      const headers = withoutHeaders(incoming.rawHeaders, 'sec-websocket-extensions');
      const request = sendOnward(connection, { method: 'GET', path: incoming.url ?? '/', headers, isHandshake: true });
      request.once('upgrade', (answer, far: Duplex, farHead) => {
        exchange.outcome = { state: 'answered', status: answer.statusCode ?? 101, ms: Date.now() - exchange.at };
        exchange.responseHeaders = redactHeaders(answer.headers);
        if (actions.some(({ type }) => type === 'lost')) {
          far.destroy();
          return fail(handshake, 'the server accepted the socket, and its answer was lost');
        }
        near.write(headText(101, 'Switching Protocols', answer.rawHeaders));
        connected(handshake, far, farHead);
      });
      request.once('response', (answer) => {
        const status = answer.statusCode ?? 502;
        exchange.outcome = { state: 'answered', status, ms: Date.now() - exchange.at };
        exchange.responseHeaders = redactHeaders(answer.headers);
        const raw = mapHeader(withoutHeaders(answer.rawHeaders, 'transfer-encoding'), 'connection', () => 'close');
        near.write(headText(status, answer.statusMessage ?? '', raw));
        answer.pipe(near);
      });
      request.once('error', (error) => fail(handshake, `the server's connection failed: ${error.message}`));
      near.once('close', () => request.destroy());
      request.end();
    },
  };
};
