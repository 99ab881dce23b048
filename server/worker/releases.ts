import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digest } from '../base/crypto.ts';
import type { NotifyOperator } from '../data-folder/operator-notice.ts';
import type { Storage } from '../storage/storage.ts';

/*
 * Which build the instances of a fleet serve while they are replaced one after the other. All serve the same documents and
 * worker scripts at any time: a browser that gets two workers by turns updates again and again. The next build counts when
 * all instances have it, so its worker comes last.
 */

export type Releases = {
  /** Folder of the build whose documents and worker scripts count now. */
  current(): string;
  /** Folders of all builds that this instance has. A page of either build finds its files. */
  readonly folders: readonly string[];
  stop(): Promise<void>;
};

export type ReleaseOptions = {
  /** Folder of the build of this instance; `false`: another server serves it. */
  distDir: string | false;
  /** Folder of the build before. */
  formerDistDir: string | undefined;
  notify: NotifyOperator;
};

const CURRENT = 'release/current';
const WISHES = 'release-wishes/all';
const CHANNEL = 'releases';
const LOOK_EVERY_MS = 2_000;
/** Longer than an instance may be away from the store. */
const WISH_MS = 24 * 60 * 60 * 1000;
const NAME_LENGTH = 12;

/** The name of a build: its documents and its worker. `undefined`: the folder has no build. */
const nameOf = async (folder: string): Promise<string | undefined> => {
  const files = ['index.html', 'sw.js'].map((file) => readFile(join(folder, file), 'utf8').catch(() => ''));
  const text = (await Promise.all(files)).join('\n');
  return text.trim() === '' ? undefined : digest(text).slice(0, NAME_LENGTH);
};

type OwnBuild = ReleaseOptions & { distDir: string };

/** Of a single instance, which serves its own build at once. */
const ownRelease = ({ distDir, formerDistDir }: OwnBuild): Releases => ({
  current: () => distDir,
  folders: formerDistDir === undefined ? [distDir] : [distDir, formerDistDir],
  stop: async () => undefined,
});

type Shared = Pick<Storage, 'store' | 'collection' | 'bus' | 'fleet'>;

/** Moves the fleet to this build if all of its instances wish it. Resolves with the name of the build that counts. */
const agree = async ({ store, collection, bus, fleet }: Shared, wish: string): Promise<string> => {
  const current = await store.get(CURRENT);
  if (current === wish) return wish;
  const wishes = new Map((await collection.all(WISHES)).map(({ member, value }) => [member, value]));
  const isAgreed = [...fleet.members()].every((member) => wishes.get(member) === wish);
  if (typeof current === 'string' && !isAgreed) return current;
  await store.put(CURRENT, wish, { durable: true });
  await bus.publish(CHANNEL, wish);
  return wish;
};

/** Of an instance in a fleet. It serves its own build until it knows better. */
const sharedRelease = async (storage: Shared, options: OwnBuild, wish: string): Promise<Releases> => {
  const { collection, bus, fleet } = storage;
  const { distDir, formerDistDir, notify } = options;
  const byName = new Map([[wish, distDir]]);
  const former = formerDistDir === undefined ? undefined : await nameOf(formerDistDir);
  if (formerDistDir !== undefined && former !== undefined && former !== wish) byName.set(former, formerDistDir);
  let current = wish;
  const moveTo = (name: string): void => {
    if (name === current) return;
    current = name;
    if (!byName.has(name)) notify({ type: 'release-missing' });
  };
  const say = (): Promise<void> => collection.add(WISHES, { member: fleet.id, value: wish }, WISH_MS);
  const look = async (): Promise<void> => moveTo(await agree(storage, wish));
  const sayAndLook = (): void =>
    void say()
      .then(look)
      .catch(() => undefined);

  const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
  const stop = await bus.subscribe(CHANNEL, moveTo);
  bus.onResumed(sayAndLook);
  // A store that is away leaves this instance with its own build.
  await say()
    .then(look)
    .catch(() => undefined);
  return {
    current: () => byName.get(current) ?? distDir,
    folders: [...byName.values()],
    async stop() {
      clearInterval(timer);
      stop();
    },
  };
};

export const openReleases = async (storage: Storage, options: ReleaseOptions): Promise<Releases | false> => {
  const { distDir } = options;
  if (distDir === false) return false;
  const own = { ...options, distDir };
  const wish = storage.embedded ? undefined : await nameOf(distDir);
  return wish === undefined ? ownRelease(own) : sharedRelease(storage, own, wish);
};
