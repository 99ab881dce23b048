import { statfsSync } from 'node:fs';
import { StoreUnavailable } from '../base/store.ts';

/** In bytes, of the volume. `free`: what this process may use. */
export type VolumeSpace = { free: number; total: number };

/**
 * Free space of the data folder's volume. Below a watermark the server stores no new data that can wait: uploads, messages,
 * notes, and the state of visitors who have not signed in. Refreshes, sign-ins and sign-outs use the rest.
 */
export type DiskSpace = {
  read(): VolumeSpace;
  /** Throws `StoreUnavailable` when storing this many bytes would leave less than the watermark. */
  require(bytes?: number): void;
};

/** A twentieth of a small volume, and never more than this. */
const WATERMARK_BYTES = 64 * 1024 * 1024;
const WATERMARK_SHARE = 0.05;
const LOOK_EVERY_MS = 500;
const RETRY_SECONDS = 60;

const MIB = 1024 * 1024;
const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0);

/** For messages: "0.2 of 6.0 MiB are free". */
export const spaceText = ({ free, total }: VolumeSpace): string =>
  `${mebibytes(free)} of ${mebibytes(total)} MiB are free`;

const watermarkOf = ({ total }: VolumeSpace): number => Math.min(WATERMARK_BYTES, total * WATERMARK_SHARE);

export const readVolume = (dir: string): VolumeSpace => {
  const { bsize, bavail, blocks } = statfsSync(dir);
  return { free: bavail * bsize, total: blocks * bsize };
};

/** `onChange`: called when the free space falls below the watermark, and when it is above it again. */
export const createDiskSpace = (
  volume: () => VolumeSpace,
  now: () => number = () => performance.now(),
  onChange?: (isLow: boolean, space: VolumeSpace) => void,
): DiskSpace => {
  let seen = { space: volume(), at: now() };
  let wasLow = false;
  const read = (): VolumeSpace => {
    if (now() - seen.at > LOOK_EVERY_MS) seen = { space: volume(), at: now() };
    return seen.space;
  };
  return {
    read,
    require(bytes = 0) {
      const space = read();
      const watermark = watermarkOf(space);
      const isLow = space.free < watermark;
      if (isLow !== wasLow) onChange?.(isLow, space);
      wasLow = isLow;
      if (space.free - bytes < watermark)
        throw new StoreUnavailable(`The disk is almost full: ${spaceText(space)}.`, RETRY_SECONDS);
    },
  };
};
