import type { PortFrame } from '../../protocol/bridge.ts';
import { parseCursor } from '../../protocol/frames.ts';
import { isObject, own } from '../../protocol/json.ts';
import { isProblem } from '../../protocol/problem.ts';
import { isNumber, isText, type Check, type PageFrame, type Shapes } from '../connection/port-frames.ts';

/** What concerns topics, publications and sockets. */
export type RealtimeFrame = Exclude<PortFrame, PageFrame | { type: 'socket-message' }>;

const isFlag: Check = (value) => typeof value === 'boolean';
const hasData: Check = (value) => isObject(value) && Array.isArray(own(value, 'data'));
const isMember: Check = (value) =>
  isObject(value) && isText(own(value, 'id')) && isFlag(own(value, 'self')) && Object.hasOwn(value, 'state');
const isMembers: Check = (value) => Array.isArray(value) && value.every(isMember);
const isPlace: Check = (value) => parseCursor(value) !== undefined;

export const REALTIME_SHAPES: Shapes<RealtimeFrame['type']> = {
  joined: { topic: isText, at: isPlace },
  event: { topic: isText, epoch: isText, offset: isNumber },
  gap: { topic: isText, epoch: isText, from: isNumber, to: isNumber },
  here: { topic: isText, members: isMembers },
  acked: { id: isText, offset: isNumber },
  refused: { id: isText, problem: isProblem },
  'socket-opened': { socket: isText, protocol: isText },
  'socket-messages': { socket: isText, run: hasData },
  'socket-taken': { socket: isText, count: isNumber },
  'socket-memo': { socket: isText, memo: isText },
  'socket-closed': { socket: isText, code: isNumber, reason: isText, wasClean: isFlag },
};
