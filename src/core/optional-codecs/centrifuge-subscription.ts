import { isObject, numberAt, own, stringAt, type JsonObject } from '../../protocol/schema/json.ts';

/** How many publications of a channel a tab can catch up on without the server. */
const MAX_KEPT = 256;

/** A position in a channel's stream (https://centrifugal.dev/docs/server/history_and_recovery). */
type Position = { epoch: string; offset: number };

/** What the codec knows of a channel that it is subscribed to. */
export type Stream = {
  /** The server's answer, without publications. */
  answer: JsonObject;
  /** `undefined`: the server numbers no publications. */
  position: Position | undefined;
  /** The last publications, in order and without a gap. */
  kept: JsonObject[];
};

const offsetOf = (publication: JsonObject): number | undefined => numberAt(publication, 'offset');

export const publicationsOf = (answer: JsonObject): readonly JsonObject[] => {
  const list = own(answer, 'publications');
  return Array.isArray(list) ? list.filter(isObject) : [];
};

export const streamOf = (answer: JsonObject): Stream => {
  const { publications: _, ...rest } = answer;
  const isNumbered = own(answer, 'recoverable') === true || own(answer, 'positioned') === true;
  const position = isNumbered
    ? { epoch: stringAt(answer, 'epoch') ?? '', offset: numberAt(answer, 'offset') ?? 0 }
    : undefined;
  return { answer: rest, position, kept: [...publicationsOf(answer)].slice(-MAX_KEPT) };
};

/** A publication has arrived. Returns whether it is a new one. */
export const advanceStream = ({ position, kept }: Stream, publication: JsonObject): boolean => {
  const offset = offsetOf(publication);
  if (!position || offset === undefined) return true;
  if (offset <= position.offset) return false;
  position.offset = offset;
  kept.push(publication);
  if (kept.length > MAX_KEPT) kept.shift();
  return true;
};

/** What the codec adds to its next subscribe, so that the server sends what is missing. */
export const recovery = ({ answer, position }: Stream): JsonObject =>
  own(answer, 'recoverable') === true && position ? { recover: true, ...position } : {};

/** Without these fields, a server sends whole publications with the name of their channel. */
export const withoutCompression = (request: JsonObject): JsonObject => {
  const { delta: _delta, flag: _flag, ...rest } = request;
  return rest;
};

/** The answer to a tab that subscribes to a channel of another tab: with what it missed, if the codec still has it. */
export const answerFrom = ({ answer, position, kept }: Stream, request: JsonObject): JsonObject => {
  const { recovered: _recovered, was_recovering: _was, ...rest } = answer;
  if (!position || own(request, 'recover') !== true) return { ...rest, ...position };
  const since = numberAt(request, 'offset') ?? 0;
  const isSame = (stringAt(request, 'epoch') ?? '') === position.epoch && since <= position.offset;
  const missed = kept.filter((publication) => (offsetOf(publication) ?? 0) > since);
  const isComplete = isSame && missed.length === position.offset - since;
  return {
    ...rest,
    ...position,
    was_recovering: true,
    recovered: isComplete,
    ...(isComplete && missed.length > 0 && { publications: missed }),
  };
};
