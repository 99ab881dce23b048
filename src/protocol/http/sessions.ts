import { number, object, string, type Infer } from '../schema/schema.ts';
import { boolean, list, oneOf } from '../schema/schema-types.ts';

/**
 * The answer to `GET <offer.sessions>`: the sessions of the user, the latest first. `current`: the session of this request.
 * `name`: browser and system in words, empty if unknown. `since`, `seenAt`: ms since the Unix epoch.
 */
export const SESSION_LIST = object({
  sessions: list(
    object({
      id: string,
      current: boolean,
      kind: oneOf('oidc', 'password', 'ticket'),
      name: string,
      since: number,
      seenAt: number,
    }),
  ),
});
export type ListedSession = Infer<typeof SESSION_LIST>['sessions'][number];
