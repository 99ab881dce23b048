import { isObject, stringAt } from '../../protocol/schema/json.ts';

const NOISE = /"""(?:\\"""|[^])*?"""|"(?:\\.|[^"\\\n])*"|#.*/g;
const INNERMOST = /\{[^{}()]*\}|\([^{}()]*\)/g;

/** Whether an operation may run twice: none of the document's definitions is a mutation. */
export const isRepeatable = (payload: unknown): boolean => {
  let rest = isObject(payload) ? stringAt(payload, 'query')?.replace(NOISE, ' ') : undefined;
  // A document that the server knows by a hash may be anything.
  if (rest === undefined) return false;
  for (let before; before !== rest; rest = rest.replace(INNERMOST, ';')) before = rest;
  return !/\bmutation\b/.test(rest);
};
