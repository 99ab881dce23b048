import { isObject, numberAt, own, stringAt, type JsonObject } from '../../protocol/schema/json.ts';
import { isProblem } from '../../protocol/problem.ts';
import type { SignedOutReason, SignInKind, User } from '../../protocol/snapshot.ts';
import type { AccessToken, SessionRecord, Session, Tokens } from './session-types.ts';

/*
 * What the disk gives back, looked at before it is believed: it may be of an older version of this worker, and where
 * no server seals, page script can have written it.
 */

const KINDS: readonly unknown[] = ['oidc', 'password', 'ticket'];
const REASONS: readonly unknown[] = ['never', 'user', 'rejected', 'expired'];

const parseAccess = (value: unknown): AccessToken | undefined => {
  if (!isObject(value)) return undefined;
  const token = stringAt(value, 'value');
  const scheme = own(value, 'scheme');
  const issuedAt = numberAt(value, 'issuedAt');
  const expiresAt = numberAt(value, 'expiresAt');
  if (token === undefined || issuedAt === undefined || expiresAt === undefined) return undefined;
  return scheme === 'Bearer' || scheme === 'DPoP' ? { value: token, scheme, issuedAt, expiresAt } : undefined;
};

const parseTokens = (value: unknown): Tokens =>
  isObject(value)
    ? {
        access: parseAccess(own(value, 'access')),
        refresh: stringAt(value, 'refresh'),
        key: stringAt(value, 'key'),
        subject: stringAt(value, 'subject'),
        endSession: stringAt(value, 'endSession'),
      }
    : {};

const parseUser = (value: unknown): User | undefined => {
  const sub = isObject(value) ? stringAt(value, 'sub') : undefined;
  return sub === undefined ? undefined : { sub, name: stringAt(value as JsonObject, 'name') };
};

const parseSession = (value: unknown): Session | undefined => {
  if (!isObject(value)) return undefined;
  const kind = own(value, 'kind');
  const generation = numberAt(value, 'generation');
  const startedAt = numberAt(value, 'startedAt');
  if (!KINDS.includes(kind) || generation === undefined || startedAt === undefined) return undefined;
  return {
    kind: kind as SignInKind,
    generation,
    startedAt,
    tokens: parseTokens(own(value, 'tokens')),
    user: parseUser(own(value, 'user')),
    endsAt: numberAt(value, 'endsAt'),
    refreshSentAt: numberAt(value, 'unansweredSince'),
  };
};

/** The record of a session as the disk holds it. Its field names stay, so that every version reads every record. */
export const serializeRecord = (record: SessionRecord): JsonObject => {
  if (record.state === 'signed-out') {
    const { generation, reason, kind, problem } = record;
    return { at: 'signed-out', generation, reason, kind, problem };
  }
  const { refreshSentAt, ...session } = record.session;
  return { at: 'session', session: { ...session, unansweredSince: refreshSentAt } };
};

export const parseRecord = (value: unknown): SessionRecord | undefined => {
  if (!isObject(value)) return undefined;
  if (own(value, 'at') === 'session') {
    const session = parseSession(own(value, 'session'));
    return session && { state: 'signed-in', session };
  }
  const generation = numberAt(value, 'generation');
  const reason = own(value, 'reason');
  if (own(value, 'at') !== 'signed-out' || generation === undefined || !REASONS.includes(reason)) return undefined;
  const kind = own(value, 'kind');
  const problem = own(value, 'problem');
  return {
    state: 'signed-out',
    generation,
    reason: reason as SignedOutReason,
    kind: KINDS.includes(kind) ? (kind as SignInKind) : undefined,
    problem: isProblem(problem) ? problem : undefined,
  };
};
