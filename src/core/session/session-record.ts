import type { JsonObject } from '../../protocol/schema/json.ts';
import { ANY_PROBLEM } from '../../protocol/problem-codes.ts';
import { number, object, union, type Schema } from '../../protocol/schema/schema.ts';
import { optional } from '../../protocol/schema/schema-types.ts';
import { SIGN_IN_KIND, SIGNED_OUT_REASON } from '../../protocol/snapshot.ts';
import { SESSION_FIELDS, type SessionRecord } from './session-types.ts';

/**
 * The record of a session on the disk. Its field names stay, so that every version reads the records of every other.
 * No value from the disk is trusted: an older worker, or in the tier `compatible` page script, may have written it.
 */
const STORED_RECORD = union('at', {
  session: { session: object({ ...SESSION_FIELDS, unansweredSince: optional(number) }) },
  'signed-out': {
    generation: number,
    reason: SIGNED_OUT_REASON,
    kind: optional(SIGN_IN_KIND),
    problem: optional(ANY_PROBLEM),
  },
});

export const serializeRecord = (record: SessionRecord): JsonObject => {
  if (record.state === 'signed-out') {
    const { generation, reason, kind, problem } = record;
    return { at: 'signed-out', generation, reason, kind, problem };
  }
  const { refreshSentAt, ...session } = record.session;
  return { at: 'session', session: { ...session, unansweredSince: refreshSentAt } };
};

/** Reads the record on the disk as the record that the session machine knows. */
export const SESSION_RECORD: Schema<SessionRecord> & { readonly of: Schema } = {
  type: 'session record',
  of: STORED_RECORD,
  read(value) {
    const stored = STORED_RECORD.read(value);
    if (!stored) return undefined;
    if (stored.at === 'session') {
      const { unansweredSince: refreshSentAt, ...session } = stored.session;
      return { state: 'signed-in', session: { ...session, refreshSentAt } };
    }
    const { at: state, ...end } = stored;
    return { state, ...end };
  },
};
