import { object, string } from '../../protocol/schema/schema.ts';
import { getSealed, putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';

/**
 * The URL at which the provider ends its own sign-in, after a sign-out here (OpenID Connect RP-Initiated Logout 1.0). It
 * carries an ID token, so the worker seals it and no page sees it.
 */
export type EndSession = {
  save(url: string | undefined): void;
  has(): Promise<boolean>;
  /** Removes it. */
  take(): Promise<string | undefined>;
};

export const STORED_END_SESSION = object({ url: string });

const KEY = 'end-session';

export const createEndSession = (disk: Disk, sealer: Sealer): EndSession => {
  let saving: Promise<unknown> = Promise.resolve();
  const put = async (url: string): Promise<void> => {
    const sealed = await sealer.seal({ url }, KEY);
    await disk.use((db) => putDurably(db, 'sealed', KEY, sealed));
  };
  const find = () => getSealed(disk, KEY);
  return {
    save(url) {
      if (url) saving = put(url).catch(() => undefined);
    },
    has: () =>
      saving.then(find).then(
        (sealed) => !!sealed,
        () => false,
      ),
    async take() {
      const sealed = await find();
      await disk.use((db) => db.delete('sealed', KEY));
      return sealed && STORED_END_SESSION.read(await sealer.open(sealed, KEY))?.url;
    },
  };
};
