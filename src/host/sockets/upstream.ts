import {
  problemOfClose,
  type Backlog,
  type CodecEvent,
  type CodecKind,
  type CodecOutput,
  type Counted,
  type Frame,
  type SocketAddress,
} from '../../core/codecs/codec.ts';
import { initialSocket, stepSocket } from '../../core/socket/socket.ts';
import { alarmOf } from '../../core/socket/socket-timers.ts';
import {
  socketPolicy,
  type Socket,
  type SocketEffect,
  type SocketEvent,
  type SocketInputs,
} from '../../core/socket/socket-types.ts';
import type { NudgeCause, PortFrame } from '../../protocol/bridge.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { CLOSE_CODE, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SocketView } from '../../protocol/snapshot.ts';
import { openConnection, type WebSocketConnection, type WebSocketMaker } from './websocket-connection.ts';
import { createMachineRunner } from '../runtime/machine-runner.ts';
import { handshakeOf, fetchTicket, socketUrl } from './socket-ticket.ts';
import type { Clock, Random } from '../runtime/clock.ts';

export type UpstreamOptions = {
  config: SocketConfig;
  kind: CodecKind;
  origin: string;
  clock: Clock;
  random: Random;
  identity: ProfileIdentity;
  WebSocket: WebSocketMaker;
  request(url: string, init: RequestInit): Promise<Response>;
  /** `tab` undefined: every tab. */
  sendToTab(tab: string | undefined, frame: PortFrame): void;
  broadcast(to: readonly SocketAddress[], data: Frame): void;
  /** The link is up and greeted: publications may go out. */
  greeted(): void;
  /** The server has an answer to this publication. */
  settled(id: string): void;
  onUnauthorized(generation: number): void;
  /** `counts`: nothing but numbers changed. */
  onChange(what: 'state' | 'counts'): void;
  journal(what: string, detail?: string): void;
};

/** One configured URL: its machine, its protocol, and whatever of them is in flight. */
export type Upstream = {
  readonly kind: CodecKind;
  readonly listeners: number;
  readonly view: SocketView;
  /** The browser has more to send than a moment's worth. */
  readonly congested: boolean;
  inputs(inputs: SocketInputs): void;
  nudge(cause: NudgeCause): void;
  /** Something for the protocol, from a tab or from the outbox. */
  dispatch(event: CodecEvent): void;
  /** Whether a newer worker is to dial from now on, or this one again. */
  setRole(type: 'retire' | 'resume'): void;
};

/** Beyond this (bytes), tabs are told that what they said waits. */
const CONGESTED_BYTES = 65_536;

/** How to end what a call has in flight. */
type InFlight = { is: 'ticket'; abort: AbortController } | { is: 'link'; link: WebSocketConnection };

export const createUpstream = (options: UpstreamOptions): Upstream => {
  const { config, kind, clock, random } = options;
  const codec = kind.create(options.identity);
  const policy = socketPolicy(config.url);
  const inFlight = new Map<number, InFlight>();
  const counts: { [what in Counted]: number } = { sent: 0, received: 0, resumed: 0, lost: 0 };
  let current: { call: number; link: WebSocketConnection } | undefined;
  let framesUnsent = 0;
  let roundTripMs: number | undefined;
  let since = clock.now();
  let alarm: { due: number; cancel: () => void } | undefined;
  let shown: Socket = initialSocket;

  // ---- what the machine wants done

  const perform = (effect: SocketEffect): void => {
    switch (effect.type) {
      case 'fetch-ticket':
        return void askTicket(effect.call);
      case 'dial':
        return dial(effect.call, effect.ticket);
      case 'hang-up':
        return hangUp(effect.call, effect.code);
      case 'probe':
        return relay({ type: 'probe' });
      case 'renew':
        return relay({ type: 'renew', ticket: effect.ticket });
      case 'report-unauthorized':
        return options.onUnauthorized(effect.generation);
    }
  };

  const askTicket = async (call: number): Promise<void> => {
    const abort = new AbortController();
    inFlight.set(call, { is: 'ticket', abort });
    const result = await fetchTicket({
      ticket: config.ticket,
      request: options.request,
      now: clock.now(),
      signal: abort.signal,
    });
    if (!inFlight.delete(call)) return;
    dispatch(
      result.ok ? { type: 'ticket', call, ...result.value } : { type: 'ticket-failed', call, problem: result.problem },
    );
  };

  const dial = (call: number, ticket: string): void => {
    const link = openConnection({
      ...handshakeOf(config, socketUrl(config.url, options.origin), kind.subprotocol ? [kind.subprotocol] : [], ticket),
      WebSocket: options.WebSocket,
      opened: () => relay({ type: 'opened' }),
      received: (data) => {
        dispatch({ type: 'heard', call });
        relay({ type: 'frame', data });
      },
      closed: (code, reason) => {
        inFlight.delete(call);
        onGone(call, code, reason);
      },
    });
    current = { call, link };
    inFlight.set(call, { is: 'link', link });
  };

  const onGone = (call: number, code: number, reason: string): void => {
    current = undefined;
    relay({ type: 'closed', code });
    dispatch({
      type: 'closed',
      call,
      verdict: kind.closed(code, reason),
      problem: problemOfClose(code, config.url),
    });
  };

  const hangUp = (call: number, code: number): void => {
    const found = inFlight.get(call);
    inFlight.delete(call);
    if (found?.is === 'ticket') found.abort.abort();
    if (found?.is !== 'link') return;
    found.link.hangUp(code);
    current = undefined;
    relay({ type: 'closed', code });
  };

  // ---- what the protocol wants done

  /** Counted from where the browser had sent all that it was given: it tells bytes, and no frames. */
  const unsent = (): Backlog => {
    const bytes = current?.link.buffered ?? 0;
    if (bytes === 0) framesUnsent = 0;
    return { frames: framesUnsent, bytes };
  };

  const send = (data: Frame): void => {
    framesUnsent = unsent().frames + 1;
    current?.link.send(data);
  };

  const relay = (event: CodecEvent): void => {
    for (const output of codec.tell(event, clock.now())) put(output);
  };

  const put = (output: CodecOutput): void => {
    switch (output.type) {
      case 'send':
        return send(output.data);
      case 'tell':
        return options.sendToTab(output.tab, output.frame);
      case 'spread':
        return options.broadcast(output.to, output.data);
      case 'settled':
        return options.settled(output.id);
      case 'count':
        counts[output.what] += output.by;
        return options.onChange('counts');
      case 'round-trip':
        roundTripMs = output.ms;
        return options.onChange('counts');
      case 'alive':
        return current && dispatch({ type: 'heard', call: current.call });
      case 'ignored':
        return options.journal(output.what);
      case 'violated':
        return beginAnew(CLOSE_CODE.badFrame, 'frame of another protocol', {
          code: 'unexpected-answer',
          at: config.url,
          status: 101,
          detail: kind.name,
        });
      case 'redial':
        return beginAnew(CLOSE_CODE.normal, output.why, { code: 'cancelled' });
      default:
        return onLinkNews(output);
    }
  };

  const onLinkNews = (output: CodecOutput & { type: 'greeted' | 'renewed' | 'draining' }): void => {
    if (!current) return;
    dispatch({ ...output, call: current.call });
    if (output.type === 'greeted') options.greeted();
  };

  const beginAnew = (code: number, why: string, problem: Problem): void => {
    if (!current) return;
    const { call } = current;
    options.journal(why);
    hangUp(call, code);
    dispatch({ type: 'closed', call, verdict: { do: 'redial' }, problem });
  };

  // ---- what follows from a change

  const arm = (): void => {
    const due = alarmOf(runner.machine);
    if (alarm?.due === due) return;
    alarm?.cancel();
    alarm = undefined;
    if (due === undefined) return;
    const cancel = clock.schedule(due, () => {
      alarm = undefined;
      dispatch({ type: 'alarm', due });
      arm();
    });
    alarm = { due, cancel };
  };

  const show = (machine: Socket): void => {
    arm();
    const before = shown;
    shown = machine;
    if (before.state.at !== machine.state.at) {
      since = clock.now();
      options.journal(machine.state.at, 'problem' in machine.state ? machine.state.problem.code : undefined);
    }
    const left = before.inputs.generation !== undefined && machine.inputs.generation === undefined;
    if (left) relay({ type: 'ended', code: CLOSE_CODE.unauthorized, reason: 'signed-out' });
    else if (isForbidden(machine) && !isForbidden(before))
      relay({ type: 'ended', code: CLOSE_CODE.forbidden, reason: 'forbidden' });
    if (before.state !== machine.state) options.onChange('state');
  };

  const runner = createMachineRunner<Socket, SocketEvent, SocketEffect>({
    initial: initialSocket,
    step: (machine, event, at) => stepSocket(machine, event, at, policy),
    perform,
    moment: () => ({ now: clock.now(), chance: random() }),
    onChange: show,
  });
  const dispatch = (event: SocketEvent): void => runner.dispatch(event);

  return {
    kind,
    get listeners() {
      return codec.listeners;
    },
    get congested() {
      return unsent().bytes > CONGESTED_BYTES;
    },
    get view() {
      return { ...viewOf(runner.machine), since, roundTripMs, ...counts };
    },
    inputs: (inputs) => dispatch({ type: 'inputs', inputs }),
    nudge: (cause) => dispatch({ type: 'nudge', cause }),
    dispatch: (event) => relay(event.type === 'socket-send' ? { ...event, unsent: unsent() } : event),
    setRole: (type) => dispatch({ type }),
  };
};

const isForbidden = ({ state }: Socket): boolean => state.at === 'stopped' && state.why.is === 'forbidden';

const viewOf = ({ state }: Socket): Pick<SocketView, 'state' | 'nextTryAt' | 'problem'> => {
  if (state.at === 'resting') return { state: state.at, nextTryAt: state.retryAt, problem: state.problem };
  if (state.at !== 'stopped') return { state: state.at };
  return {
    state: state.at,
    nextTryAt: state.why.is === 'forbidden' ? state.why.retryAt : undefined,
    problem: state.problem,
  };
};
