import { MAX_NAME, type NudgeCause, type Publication, type SignInIntent } from './bridge.ts';
import { isObject, own, stringAt } from './json.ts';

const MAX_SECRET = 4_096;
const CAUSES: readonly unknown[] = ['online', 'offline', 'visible', 'hidden', 'thaw', 'user'];

const isText = (value: string | undefined, most: number): value is string =>
  value !== undefined && value.length > 0 && value.length <= most;

/** What pages ask for, looked at before it is believed. */
export const parseSignInIntent = (value: unknown): SignInIntent | undefined => {
  if (!isObject(value)) return undefined;
  switch (own(value, 'kind')) {
    case 'oidc':
      return { kind: 'oidc', returnTo: stringAt(value, 'returnTo') };
    case 'password': {
      const [username, password] = [stringAt(value, 'username'), stringAt(value, 'password')];
      return isText(username, MAX_NAME) && isText(password, MAX_SECRET)
        ? { kind: 'password', username, password }
        : undefined;
    }
    case 'ticket': {
      const apiKey = stringAt(value, 'apiKey');
      return isText(apiKey, MAX_SECRET) ? { kind: 'ticket', apiKey } : undefined;
    }
    default:
      return undefined;
  }
};

export const parseNudgeCause = (value: unknown): NudgeCause | undefined =>
  CAUSES.includes(value) ? (value as NudgeCause) : undefined;

const parsePublication = (value: unknown): Publication | undefined => {
  if (!isObject(value)) return undefined;
  const [id, topic] = [stringAt(value, 'id'), stringAt(value, 'topic')];
  return isText(id, MAX_NAME) && isText(topic, MAX_NAME) ? { id, topic, data: own(value, 'data') } : undefined;
};

/** All of several, or none. */
export const parsePublications = (value: unknown): readonly Publication[] | undefined => {
  const list = (Array.isArray(value) ? (value as unknown[]) : [value]).map(parsePublication);
  return list.every((one) => one !== undefined) ? list : undefined;
};
