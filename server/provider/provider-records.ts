import type { AdapterPayload } from 'oidc-provider';
import { numberAt, stringAt } from '../../src/protocol/schema/json.ts';
import { looseObject, number, object, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';
import { digest } from '../base/crypto.ts';
import { seal } from '../base/sealing.ts';
import type { Write } from '../base/store.ts';
import type { CollectionEntry, Keyring } from '../storage/storage.ts';

/** Record on disk. Times in ms since the Unix epoch, by the server's clock without the skew of the fault routes. */
export const OIDC_RECORD = object({
  payload: looseObject<AdapterPayload>({}),
  expiresAt: optional(number),
  consumedAt: optional(number),
});
export type OidcRecord = Infer<typeof OIDC_RECORD>;

/** Models whose records the revocation of their grant removes. */
const GRANTABLE = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);

/** What anyone can write without an account: sign-ins that they begin, pushed requests (RFC 9126), and sessions of no one. */
export const VISITOR_MODELS = new Set(['Interaction', 'PushedAuthorizationRequest']);
export const isOfVisitor = (model: string, { payload }: OidcRecord): boolean =>
  VISITOR_MODELS.has(model) || (model === 'Session' && stringAt(payload, 'accountId') === undefined);

/** Ids are bearer secrets, so a key has their digest. The id of a grant is no secret: access tokens contain it. */
export const recordKey = (model: string, id: string): string =>
  `provider/${model}/${model === 'Grant' ? id : digest(id)}`;
export const grantSet = (grantId: string): string => `provider-grant/${grantId}`;
export const uidKey = (uid: string): string => `provider-uid/${digest(uid)}`;
export const userCodeKey = (code: string): string => `provider-user-code/${digest(code)}`;

export const grantKey = (grantId: string): string => recordKey('Grant', grantId);

/** Losing one of them would sign a person out, or bring a revoked grant back. */
export const DURABLE = new Set(['Grant', 'RefreshToken', 'Session']);

/** A record, and the entries that lead to it. They are separate writes, because a store may have them on several nodes. */
export type RecordWrites = {
  record: Write;
  indexes: readonly Write[];
  member?: { name: string; entry: CollectionEntry };
};

/** `ttlMs`: of all writes. */
export const recordWrites = (
  { model, id, indexKeys }: { model: string; id: string; indexKeys: Keyring },
  record: OidcRecord,
  ttlMs: number | undefined,
): RecordWrites => {
  const key = recordKey(model, id);
  const durable = DURABLE.has(model);
  // The id is the token, and `jti` repeats it.
  const payload = Object.fromEntries(Object.entries(record.payload).filter(([name]) => name !== 'jti'));
  const indexes: Write[] = [];
  const grantId = stringAt(record.payload, 'grantId');
  const uid = stringAt(record.payload, 'uid');
  const userCode = stringAt(record.payload, 'userCode');
  const index = (at: string): void =>
    void indexes.push({ key: at, value: seal(indexKeys()[0], at, id), ttlMs, durable });
  // Tokens name the session of a person only.
  if (uid !== undefined && model === 'Session' && !isOfVisitor(model, record)) index(uidKey(uid));
  if (userCode !== undefined) index(userCodeKey(userCode));
  const isGranted = grantId !== undefined && GRANTABLE.has(model);
  return {
    record: { key, value: { ...record, payload }, ttlMs, durable },
    indexes,
    ...(isGranted && { member: { name: grantSet(grantId), entry: { member: `${model}/${digest(id)}`, value: key } } }),
  };
};

export const rotationsOf = ({ payload }: OidcRecord): number => numberAt(payload, 'rotations') ?? 0;
