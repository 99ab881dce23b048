/** What the `WWW-Authenticate` of a 401 says: the `token` is at fault, something `other` is, or it is `unclear`. */
export type Challenge = 'token' | 'other' | 'unclear';

/** One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1). The scheme is in lower case. */
type SchemeChallenge = { scheme: string; error?: string | undefined };

/** A name, and what follows its `=`. A name without one begins the next challenge. */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,]*))?/g;

const challengesIn = (header: string): readonly SchemeChallenge[] => {
  const found: SchemeChallenge[] = [];
  for (const [, name = '', value] of header.matchAll(PART)) {
    const last = found.at(-1);
    if (value === undefined || !last) found.push({ scheme: name.toLowerCase() });
    else if (name.toLowerCase() === 'error') last.error ??= value.replaceAll('"', '');
  }
  return found;
};

const isOurs = ({ scheme }: SchemeChallenge): boolean => scheme === 'bearer' || scheme === 'dpop';

/** `invalid_token` (RFC 6750 §3.1), and names that servers use instead, such as `token_expired`. */
const BLAMES_TOKEN = /token/i;

/**
 * What the `WWW-Authenticate` of a 401 says of the token. Only an error that names the token blames it. A step-up demand
 * (RFC 9470 §3), a proof (RFC 9449 §7.1) or another scheme is about something else. Without any error, the 401 may be about
 * the request: a wrong old password, for example.
 */
export const challengeOf = (header: string | null): Challenge => {
  const challenges = challengesIn(header ?? '');
  if (challenges.length === 0) return 'unclear';
  const ours = challenges.filter(isOurs);
  if (ours.length === 0) return 'other';
  const errors = ours.flatMap(({ error }) => error ?? []);
  if (errors.length === 0) return 'unclear';
  return errors.some((error) => BLAMES_TOKEN.test(error)) ? 'token' : 'other';
};

/** Whether an API that got a DPoP token may know bearer tokens only: it blames the token, or gives no reason, without DPoP. */
export const mayKnowOnlyBearer = (header: string | null): boolean =>
  challengeOf(header) !== 'other' && !challengesIn(header ?? '').some(({ scheme }) => scheme === 'dpop');
