import { isObject } from '../schema/json.ts';
import { number, object, string, union, unknown, type Infer } from '../schema/schema.ts';
import { array, oneOf, optional, record, stringIn } from '../schema/schema-types.ts';
import type { SessionView } from '../snapshot.ts';
import { NAME } from './page-names.ts';
import { TOPIC_NAME } from '../topic-name.ts';

const SECRET = stringIn(1, 4_096);

/** The argument of `keeper.signIn`: the sign-in method, and what it needs. */
export const SIGN_IN_INTENT = union('kind', {
  /**
   * `returnTo` is a path of this origin to come back to. `authorize`: parameters of this authorization request, such as
   * `login_hint`, `acr_values`, `prompt` or `organization`. Its `scope` asks for more scopes.
   */
  oidc: { returnTo: optional(string), authorize: optional(record(stringIn(0, 4_096))) },
  password: { username: NAME, password: SECRET },
  /** A sign-in of the site's own (`defineSignIn`). Default: the first one. */
  custom: { name: optional(NAME), credentials: record(stringIn(0, 4_096)) },
  /** A session of another library, which the worker goes on with (`session-keeper/migrate`). Needs `allowImport`. */
  import: { refreshToken: SECRET },
  /** What the login of the deployment takes: a key, a name and a password, or nothing where it is a page of its own. */
  ticket: { apiKey: optional(SECRET), username: optional(NAME), password: optional(SECRET) },
});
export type SignInIntent = Infer<typeof SIGN_IN_INTENT>;

/** The page's next step. A redirect leads to the provider, and from there back to `returnTo`. */
export const SIGN_IN_NEXT = union('type', { 'signed-in': {}, redirect: { url: string } });
export type SignInNext = Infer<typeof SIGN_IN_NEXT>;

/** `all`: every session of this origin, and not only the one that the page shows. */
const SIGN_OUT_SCOPE = oneOf('all');
export type SignOutScope = Infer<typeof SIGN_OUT_SCOPE>;

/** One of several sessions of an origin, as a page sees it. */
export type NamedSession = {
  /** '' for the first one. */
  name: string;
  /** Whether tabs without a session of their own show it. */
  shown: boolean;
  session: SessionView;
};

/** Why the worker should try again now. It is a hint: the worker relies on none of it. */
export const NUDGE_CAUSE = oneOf('online', 'offline', 'visible', 'hidden', 'thaw', 'user');
export type NudgeCause = Infer<typeof NUDGE_CAUSE>;

/** One line of the journal. */
export const JOURNAL_ENTRY = object({
  /** Milliseconds since the Unix epoch. */
  at: number,
  /** Id of the worker that wrote it. */
  worker: string,
  machine: string,
  /** Name of the event or effect, never its payload: that could hold a token. */
  what: string,
  detail: optional(string),
});
export type JournalEntry = Infer<typeof JOURNAL_ENTRY>;

/** What a native shell (a keychain) may keep: a sealed record. Best effort, never the only copy. */
export type NativeRecord = string;

/** The page chooses `id`: a second publication with the same id is the same publication. */
export const PUBLICATION = object({ id: NAME, topic: TOPIC_NAME, data: unknown });
export type Publication = Infer<typeof PUBLICATION>;

const PUBLICATIONS = array(PUBLICATION);

/** `optional` leaves out what does not fit. A sign-in without a credential that the page gave would be another one. */
const hasAllCredentials = (intent: SignInIntent & { kind: 'ticket' }, given: unknown): boolean =>
  isObject(given) &&
  (['apiKey', 'username', 'password'] as const).every(
    (name) => intent[name] !== undefined || given[name] === undefined,
  );

export const parseSignInIntent = (value: unknown): SignInIntent | undefined => {
  const intent = SIGN_IN_INTENT.read(value);
  return intent?.kind === 'ticket' && !hasAllCredentials(intent, value) ? undefined : intent;
};

export const parseSignOutScope = (value: unknown): SignOutScope | undefined => SIGN_OUT_SCOPE.read(value);

export const parseNudgeCause = (value: unknown): NudgeCause | undefined => NUDGE_CAUSE.read(value);

/** One or several: all of them, or none. */
export const parsePublications = (value: unknown): readonly Publication[] | undefined =>
  PUBLICATIONS.read([value].flat());
