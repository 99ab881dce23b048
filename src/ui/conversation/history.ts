import type { Keeper } from '../../page/types/types.ts';
import { isObject, numberAt, own, parseJson, stringAt } from '../../protocol/schema/json.ts';

/** The events of a topic that the server keeps, oldest first. */
export type History = { epoch: string; events: readonly { offset: number; data: unknown }[] };

export const parseHistory = (text: string): History | undefined => {
  const value = parseJson(text);
  if (!isObject(value)) return undefined;
  const [epoch, events] = [stringAt(value, 'epoch'), own(value, 'events')];
  if (epoch === undefined || !Array.isArray(events)) return undefined;
  return {
    epoch,
    events: events.filter(isObject).flatMap((event) => {
      const offset = numberAt(event, 'offset');
      return offset === undefined ? [] : { offset, data: own(event, 'data') };
    }),
  };
};

/** `undefined`: the request failed. A server without history (404) gives an empty one. */
export const loadHistory = async (keeper: Keeper, path: string, channel: string): Promise<History | undefined> => {
  try {
    const response = await keeper.fetch(`${path}${encodeURIComponent(channel)}/events`);
    if (response.status === 404) return { epoch: '', events: [] };
    return response.ok ? parseHistory(await response.text()) : undefined;
  } catch {
    return undefined;
  }
};
