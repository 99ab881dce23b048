import type { KeeperConfig } from '../../protocol/config.ts';
import { object, string, type Infer } from '../../protocol/schema/schema.ts';
import { instanceOf } from '../../protocol/schema/schema-types.ts';

/** AES-GCM ciphertext. `key` names its key, so that an unknown key does not look like corrupt data. */
export const SEALED = object({
  key: string,
  iv: instanceOf<Uint8Array<ArrayBuffer>>(Uint8Array),
  data: instanceOf<ArrayBuffer>(ArrayBuffer),
});
export type Sealed = Infer<typeof SEALED>;

/** What sealed records are bound to: only this origin, provider and client can open what a provider gave. */
export type SealBindings = {
  provider: string;
  /** Other sign-in kinds depend on the origin only. */
  withoutProvider: string;
};

export const sealBindings = (origin: string, { signIn: { oidc } }: Pick<KeeperConfig, 'signIn'>): SealBindings => ({
  provider: [origin, oidc?.issuer, oidc?.clientId].join(' '),
  withoutProvider: `${origin}  `,
});
