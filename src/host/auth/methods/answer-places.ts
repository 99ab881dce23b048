import type { HttpAnswer } from '../../runtime/http.ts';
import { isObject, own, parseJson, type JsonObject } from '../../../protocol/schema/json.ts';
import type { PasswordConfig, Place } from '../../../protocol/sign-in-config.ts';
import type { User } from '../../../protocol/snapshot.ts';

/** A list of `{ type, value }` is how a .NET backend writes claims (https://docs.duendesoftware.com/bff/). */
const step = (value: unknown, name: string): unknown => {
  if (Array.isArray(value)) {
    const claim: unknown = value.find((each) => isObject(each) && own(each, 'type') === name);
    return isObject(claim) ? own(claim, 'value') : undefined;
  }
  return isObject(value) ? own(value, name) : undefined;
};

const at = (value: unknown, place: string): unknown =>
  // A name may have dots of its own, as those of Auth0's claims do.
  step(value, place) ?? place.split('.').reduce(step, value);

/** What is at this place of a JSON answer, or at the first one of several that is there. */
export const valueAt = (value: unknown, place: Place): unknown =>
  [place]
    .flat()
    .map((each) => at(value, each))
    .find((found) => found !== undefined && found !== null);

/** The same, if it is a text or a number. */
export const textAt = (value: unknown, place: Place | undefined): string | undefined => {
  const found = place === undefined ? undefined : valueAt(value, place);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
};

type UserPlaces = { sub: Place; name?: Place | undefined };

/** The user in an answer. Their id may be a number. */
export const userAt = (value: unknown, { sub, name }: UserPlaces): User | undefined => {
  const id = textAt(value, sub);
  return id ? { sub: id, name: textAt(value, name) } : undefined;
};

export type AnswerPlaces = NonNullable<PasswordConfig['answer']>;

/** What takes the place of a refresh token that no script can read: it is in an HttpOnly cookie. */
export const IN_COOKIE = 'in-cookie';

/** The answer with the names of OAuth 2.0, so that one parser reads all. Its other fields stay, for the error codes. */
export const standardAnswer = <A extends HttpAnswer>(answer: A, places: AnswerPlaces, isInCookie: boolean): A => {
  const body = parseJson(answer.text);
  if (!isObject(body)) return answer;
  const named: JsonObject = {
    access_token: valueAt(body, places.accessToken ?? 'access_token'),
    refresh_token: isInCookie ? undefined : valueAt(body, places.refreshToken ?? 'refresh_token'),
    expires_in: valueAt(body, places.expiresIn ?? 'expires_in'),
  };
  // A place of its own says that the answer is no OAuth answer, whose `token_type` then means something else.
  const type = places.accessToken === undefined ? own(body, 'token_type') : undefined;
  return { ...answer, text: JSON.stringify({ ...body, ...named, token_type: type, id_token: undefined }) };
};
