import { isObject, stringAt } from '../../protocol/json.ts';
import { putDurably, type Disk } from '../storage/database.ts';
import type { Sealer } from '../storage/encryption.ts';

/** Where the provider of whoever signed out ends its own sign-in. It carries an ID token, so no page gets to see it. */
export type EndSession = {
  keep(url: string | undefined): void;
  waits(): Promise<boolean>;
  /** Once only. */
  take(): Promise<string | undefined>;
};

const KEY = 'end-session';

export const createEndSession = (disk: Disk, sealer: Sealer): EndSession => {
  let keeping: Promise<unknown> = Promise.resolve();
  const put = async (url: string): Promise<void> => {
    const sealed = await sealer.seal({ url }, KEY);
    await disk.use((db) => putDurably(db, 'sealed', KEY, sealed));
  };
  const find = () => disk.use((db) => db.get('sealed', KEY));
  return {
    keep(url) {
      if (url) keeping = put(url).catch(() => undefined);
    },
    waits: () =>
      keeping.then(find).then(
        (sealed) => !!sealed,
        () => false,
      ),
    async take() {
      const sealed = await find();
      await disk.use((db) => db.delete('sealed', KEY));
      const value = sealed && (await sealer.open(sealed, KEY));
      return isObject(value) ? stringAt(value, 'url') : undefined;
    },
  };
};
