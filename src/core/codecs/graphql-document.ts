import { isObject, stringAt } from '../../protocol/schema/json.ts';

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
