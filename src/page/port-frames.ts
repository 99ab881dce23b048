import type { PortFrame } from '../protocol/bridge.ts';
import { parseCursor } from '../protocol/frames.ts';
import { isObject, own, stringAt } from '../protocol/json.ts';
import { isProblem } from '../protocol/problem.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const flag: Check = (value) => typeof value === 'boolean';
const data: Check = (value) => text(value) || value instanceof ArrayBuffer;

/** Only what this side relies on: the rest of a snapshot is the worker's word (problem.ts). */
const snapshot: Check = (value) => isObject(value) && isObject(own(value, 'session')) && isObject(own(value, 'worker'));

const SHAPES: { readonly [T in PortFrame['type']]: Readonly<Record<string, Check>> } = {
  welcome: { protocol: number, life: text, snapshot },
  snapshot: { snapshot },
  joined: { topic: text, at: (value) => parseCursor(value) !== undefined },
  event: { topic: text, epoch: text, offset: number },
  gap: { topic: text, epoch: text, from: number, to: number },
  acked: { id: text, offset: number },
  refused: { id: text, problem: isProblem },
  'socket-opened': { socket: text, protocol: text },
  'socket-message': { socket: text, data },
  'socket-closed': { socket: text, code: number, reason: text, wasClean: flag },
  'hand-over': {},
};

const isType = (type: string | undefined): type is PortFrame['type'] =>
  type !== undefined && Object.hasOwn(SHAPES, type);

const isPortFrame = (value: unknown): value is PortFrame => {
  if (!isObject(value)) return false;
  const type = stringAt(value, 'type');
  return isType(type) && Object.entries(SHAPES[type]).every(([key, check]) => check(own(value, key)));
};

/** The frames of one port message. What a newer worker says beyond our protocol is left out. */
export const framesOf = (message: unknown): readonly PortFrame[] =>
  (Array.isArray(message) ? (message as unknown[]) : [message]).filter(isPortFrame);
