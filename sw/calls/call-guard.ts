import { API_METHODS } from '../../src/protocol/bridge/bridge-constants.ts';
import type { Problem } from '../../src/protocol/problem.ts';
import { isObject, own } from '../../src/protocol/schema/json.ts';

/*
 * What a page may send to the worker, and how much of it.
 *
 * `Comlink.expose` lets a page run code in the worker: `await new api.any.constructor('…')` (measured;
 * GoogleChromeLabs/comlink#603). So only calls of allow-listed methods with plain data reach comlink.
 */

const METHODS: ReadonlySet<unknown> = new Set(API_METHODS);
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const MAX_ID = 128;
const MAX_ARGUMENTS = 4;
const MAX_DEPTH = 8;
const MAX_NODES = 4_096;
const MAX_CHARS = 262_144;

/** `over`: the bound that the call exceeds. */
type Budget = { nodes: number; chars: number; over?: Problem };

const exceed = (budget: Budget, detail: string, max: number): false => {
  budget.over ??= { code: 'over-limit', detail, max };
  return false;
};

const takeChars = (budget: Budget, text: string): boolean =>
  (budget.chars -= text.length) >= 0 || exceed(budget, 'call-characters', MAX_CHARS);

/** JSON data within the bounds. It has no Map, Blob, key, port, error or cycle, and no name that reaches a prototype. */
const isPlain = (value: unknown, depth: number, budget: Budget): boolean => {
  if (depth > MAX_DEPTH) return exceed(budget, 'call-depth', MAX_DEPTH);
  if (--budget.nodes < 0) return exceed(budget, 'call-values', MAX_NODES);
  switch (typeof value) {
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'string':
      return takeChars(budget, value);
    case 'object':
      return (
        value === null ||
        (Array.isArray(value)
          ? value.every((item) => isPlain(item, depth + 1, budget))
          : isPlainObject(value, depth, budget))
      );
    default:
      return false;
  }
};

const isPlainObject = (value: object, depth: number, budget: Budget): boolean =>
  Object.getPrototypeOf(value) === Object.prototype &&
  Object.entries(value).every(
    ([key, item]) => !RESERVED.has(key) && takeChars(budget, key) && isPlain(item, depth + 1, budget),
  );

const isArgument = (value: unknown, budget: Budget): boolean =>
  isObject(value) && own(value, 'type') === 'RAW' && isPlain(own(value, 'value'), 0, budget);

/** The id to answer, and why comlink may not get the message. `undefined` when there is no id to answer. */
export const checkCall = (message: unknown): { id: string; problem: Problem | undefined } | undefined => {
  if (!isObject(message)) return undefined;
  const id = own(message, 'id');
  if (typeof id !== 'string' || id.length > MAX_ID) return undefined;
  const path = own(message, 'path');
  const list = own(message, 'argumentList');
  const budget: Budget = { nodes: MAX_NODES, chars: MAX_CHARS };
  const admitted =
    own(message, 'type') === 'APPLY' &&
    Array.isArray(path) &&
    path.length === 1 &&
    METHODS.has(path[0]) &&
    Array.isArray(list) &&
    list.length <= MAX_ARGUMENTS &&
    list.every((item) => isArgument(item, budget));
  return { id, problem: admitted ? undefined : (budget.over ?? { code: 'bad-message', detail: 'refused' }) };
};
