import type { PortFrame } from '../../protocol/bridge.ts';
import { isObject, own, stringAt } from '../../protocol/json.ts';

/** Says whether a value is what a frame needs in one of its places. */
export type Check = (value: unknown) => boolean;

/** What some kinds of frames must hold. */
export type Shapes<T extends PortFrame['type']> = { readonly [type in T]: Readonly<Record<string, Check>> };

export const isText: Check = (value) => typeof value === 'string';
export const isNumber: Check = (value) => typeof value === 'number';

/** Whether it is a frame of one of these kinds, whole. What a newer worker says beyond our protocol is none. */
export const isFrame = <T extends PortFrame['type']>(
  shapes: Shapes<T>,
  value: unknown,
): value is PortFrame & { type: T } => {
  if (!isObject(value)) return false;
  const isKnown = (type: string): type is T => Object.hasOwn(shapes, type);
  const type = stringAt(value, 'type') ?? '';
  return isKnown(type) && Object.entries<Check>(shapes[type]).every(([key, check]) => check(own(value, key)));
};

/** What a socket hears, as it comes (`PortMessage`): its name, and then what nobody has looked at yet. */
export type SocketBatch = [socket: string, ...data: unknown[]];

export const isSocketBatch = (message: unknown): message is SocketBatch =>
  Array.isArray(message) && typeof message[0] === 'string';

/** The frames of any other port message, which nobody has looked at yet. */
export const framesOf = (message: unknown): readonly unknown[] => (Array.isArray(message) ? message : [message]);

/** Only what this side relies on: the rest of a snapshot is the worker's word (problem.ts). */
const isSnapshot: Check = (value) =>
  isObject(value) && isObject(own(value, 'session')) && isObject(own(value, 'worker'));

/** What concerns the page as a whole; the rest is about sockets (realtime-frames.ts). */
export const PAGE_SHAPES: Shapes<'welcome' | 'snapshot' | 'read' | 'overrun' | 'hand-over'> = {
  welcome: { protocol: isNumber, life: isText, snapshot: isSnapshot },
  snapshot: { snapshot: isSnapshot },
  read: {},
  overrun: {},
  'hand-over': {},
};

export type PageFrame = PortFrame & { type: keyof typeof PAGE_SHAPES };
