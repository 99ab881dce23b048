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
import type { NudgeCause } from '../../protocol/bridge/calls.ts';
import type { PortFrame } from '../../protocol/bridge/port-frames.ts';
import type { SocketConfig } from '../../protocol/config.ts';
import { CLOSE_CODE, type ProfileIdentity } from '../../protocol/frames.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { SocketView } from '../../protocol/snapshot.ts';
import { openConnection, type WebSocketConnection, type WebSocketMaker } from './websocket-connection.ts';
import { createMachineRunner } from '../runtime/machine-runner.ts';
import { STATE_NAMES, viewOf } from './socket-view.ts';
import { handshakeOf, fetchTicket, noHandshake, socketUrl } from './socket-ticket.ts';
import type { Clock, Random } from '../runtime/clock.ts';

export type UpstreamOptions = {
  config: SocketConfig;
  kind: CodecKind;
  origin: string;
  clock: Clock;
  random: Random;
  identity: ProfileIdentity;
  /** After the hub rejected this worker for a newer one: whether that one is of another profile, and `identity` is new. */
  leaveOtherLineage(): Promise<boolean>;
  WebSocket: WebSocketMaker;
  request(url: string, init: RequestInit): Promise<Response>;
  /** `tab` undefined: every tab. */
  sendToTab(tab: string | undefined, frame: PortFrame): void;
  broadcast(to: readonly SocketAddress[], data: Frame): void;
  /** The connection is open and the server has greeted it: publications may go out. */
  greeted(): void;
  /** The server has acknowledged or refused this publication. */
  settled(id: string): void;
  onUnauthorized(generation: number): void;
  /** `counts`: only numbers changed. */
  onChange(what: 'state' | 'counts'): void;
  journal(what: string, detail?: string): void;
};

/** The one connection of all tabs to a configured URL: its machine, its codec, and what they have in flight. */
export type Upstream = {
  readonly kind: CodecKind;
  readonly listeners: number;
  readonly view: SocketView;
  /** The browser has many bytes to send, so tabs should wait. */
  readonly congested: boolean;
  inputs(inputs: SocketInputs): void;
  nudge(cause: NudgeCause): void;
  /** An event for the codec, from a tab or from the outbox. */
  dispatch(event: CodecEvent): void;
  /** `retire`: a newer worker connects from now on. `resume`: this one does again. */
  setRole(type: 'retire' | 'resume'): void;
};

/** Above this (bytes) the acknowledgements to the tabs wait. */
const CONGESTED_BYTES = 65_536;

type Ending = { code: number; reason: string; wasClean?: boolean };
const SIGNED_OUT: Ending = { code: CLOSE_CODE.unauthorized, reason: 'signed-out' };
/** The server refused a ticket. */
const FORBIDDEN: Ending = { code: CLOSE_CODE.forbidden, reason: 'forbidden' };

/** What a call of the machine has in flight, and how to end it. */
type InFlight = { type: 'ticket'; abort: AbortController } | { type: 'connection'; connection: WebSocketConnection };

export const createUpstream = (options: UpstreamOptions): Upstream => {
  const { config, kind, clock, random } = options;
  const codec = kind.create(options.identity, config);
  const policy = socketPolicy(config.url, kind.shares === 'frames');
  const inFlight = new Map<number, InFlight>();
  const counts: { [what in Counted]: number } = { sent: 0, received: 0, resumed: 0, lost: 0 };
  let current: { call: number; connection: WebSocketConnection } | undefined;
  let dialledAs = '';
  /** The server's close, while it is handled. */
  let lastClose: Ending | undefined;
  let framesUnsent = 0;
  let roundTripMs: number | undefined;
  let since = clock.now();
  let alarm: { due: number; cancel: () => void } | undefined;
  let shown: Socket = initialSocket;

  const perform = (effect: SocketEffect): void => {
    switch (effect.type) {
      case 'fetch-ticket':
        return void requestTicket(effect.call);
      case 'dial':
        return connect(effect.call, effect.ticket);
      case 'hang-up':
        return hangUp(effect.call, effect.code);
      case 'probe':
        return dispatchToCodec({ type: 'probe', afterChange: effect.afterChange });
      case 'renew':
        return dispatchToCodec({ type: 'renew', ticket: effect.ticket });
      case 'report-unauthorized':
        return options.onUnauthorized(effect.generation);
    }
  };

  const requestTicket = async (call: number): Promise<void> => {
    const abort = new AbortController();
    inFlight.set(call, { type: 'ticket', abort });
    const { signal } = abort;
    const result = await fetchTicket({ ticket: config.ticket, request: options.request, now: clock.now(), signal });
    if (!inFlight.delete(call)) return;
    dispatch(
      result.ok ? { type: 'ticket', call, ...result.value } : { type: 'ticket-failed', call, problem: result.problem },
    );
  };

  const connect = (call: number, ticket: string): void => {
    let isOpened = false;
    const connection = openConnection({
      ...handshakeOf(config, socketUrl(config.url, options.origin), kind.subprotocol ? [kind.subprotocol] : [], ticket),
      WebSocket: options.WebSocket,
      opened: () => {
        isOpened = true;
        dispatchToCodec({ type: 'opened' });
      },
      received: (data) => {
        dispatch({ type: 'received', call });
        dispatchToCodec({ type: 'frame', data });
      },
      closed: (code, reason) => {
        if (!isOpened) options.journal(...noHandshake(config));
        inFlight.delete(call);
        onClosed(call, code, reason);
      },
    });
    current = { call, connection };
    dialledAs = options.identity.host;
    inFlight.set(call, { type: 'connection', connection });
  };

  const onClosed = (call: number, code: number, reason: string): void => {
    current = undefined;
    const verdict = kind.closed(code, reason);
    lastClose = { code, reason, wasClean: true };
    dispatchToCodec({ type: 'closed', code });
    if (verdict.type === 'end') dispatchToCodec({ type: 'ended', ...lastClose });
    const problem = problemOfClose(code, config.url);
    if (verdict.type === 'superseded') void onSuperseded(call, problem);
    else dispatch({ type: 'closed', call, verdict, problem });
    lastClose = undefined;
  };

  const onSuperseded = async (call: number, problem: Problem): Promise<void> => {
    // Another socket of this worker may have changed the name already.
    const isRenamed = options.identity.host !== dialledAs || (await options.leaveOtherLineage());
    dispatch({ type: 'closed', call, verdict: { type: isRenamed ? 'redial' : 'superseded' }, problem });
  };

  const hangUp = (call: number, code: number): void => {
    const found = inFlight.get(call);
    inFlight.delete(call);
    if (found?.type === 'ticket') found.abort.abort();
    if (found?.type !== 'connection') return;
    found.connection.hangUp(code);
    current = undefined;
    dispatchToCodec({ type: 'closed', code, local: true });
  };

  /** The browser reports bytes only. So frames count from the last moment at which it had sent everything. */
  const unsent = (): Backlog => {
    const bytes = current?.connection.buffered ?? 0;
    if (bytes === 0) framesUnsent = 0;
    return { frames: framesUnsent, bytes };
  };

  const send = (data: Frame): void => {
    framesUnsent = unsent().frames + 1;
    current?.connection.send(data);
  };

  const dispatchToCodec = (event: CodecEvent): void => {
    for (const output of codec.dispatch(event, clock.now())) performOutput(output);
  };

  const performOutput = (output: CodecOutput): void => {
    switch (output.type) {
      case 'send':
        return send(output.data);
      case 'toTab':
        return options.sendToTab(output.tab, output.frame);
      case 'broadcast':
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
        return current && dispatch({ type: 'received', call: current.call });
      case 'note':
        return options.journal(output.what, output.detail);
      case 'wake':
        return void clock.schedule(output.at, () => dispatchToCodec({ type: 'wake' }));
      case 'violated':
        return reconnect(CLOSE_CODE.badFrame, 'frame of another protocol', foreignFrame(config.url, kind.name));
      case 'redial':
        return reconnect(CLOSE_CODE.normal, output.why, { code: 'cancelled' });
      default:
        return onConnectionOutput(output);
    }
  };

  const onConnectionOutput = (output: CodecOutput & { type: 'greeted' | 'renewed' | 'draining' }): void => {
    if (!current) return;
    dispatch({ ...output, call: current.call });
    if (output.type === 'greeted') options.greeted();
  };

  const reconnect = (code: number, reason: string, problem: Problem): void => {
    if (!current) return;
    const { call } = current;
    options.journal(reason);
    hangUp(call, code);
    dispatch({ type: 'closed', call, verdict: { type: 'redial' }, problem });
  };

  const updateAlarm = (): void => {
    const due = alarmOf(runner.machine);
    if (alarm?.due === due) return;
    alarm?.cancel();
    alarm = undefined;
    if (due === undefined) return;
    const cancel = clock.schedule(due, () => {
      alarm = undefined;
      dispatch({ type: 'alarm', due });
      updateAlarm();
    });
    alarm = { due, cancel };
  };

  const onMachineChange = (machine: Socket): void => {
    updateAlarm();
    const before = shown;
    shown = machine;
    if (before.state.state !== machine.state.state) {
      since = clock.now();
      options.journal(
        STATE_NAMES[machine.state.state],
        'problem' in machine.state ? machine.state.problem.code : undefined,
      );
    }
    const left = before.inputs.generation !== undefined && machine.inputs.generation === undefined;
    if (left) dispatchToCodec({ type: 'ended', ...SIGNED_OUT, code: config.signedOutCode ?? SIGNED_OUT.code });
    else if (isForbidden(machine) && !isForbidden(before))
      dispatchToCodec({ type: 'ended', ...(lastClose ?? FORBIDDEN) });
    if (before.state !== machine.state) options.onChange('state');
  };

  const runner = createMachineRunner<Socket, SocketEvent, SocketEffect>({
    initial: initialSocket,
    step: (machine, event, moment) => stepSocket(machine, event, moment, policy),
    perform,
    moment: () => ({ now: clock.now(), chance: random() }),
    onChange: onMachineChange,
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
    dispatch: (event) => dispatchToCodec(event.type === 'socket-send' ? { ...event, unsent: unsent() } : event),
    setRole: (type) => dispatch({ type }),
  };
};

const foreignFrame = (at: string, detail: string): Problem => ({ code: 'unexpected-answer', at, status: 101, detail });

const isForbidden = ({ state }: Socket): boolean => state.state === 'closed' && state.reason.type === 'forbidden';
