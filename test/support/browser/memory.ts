import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';

export type PeakMemory = {
  /** How far (bytes) the peak memory of all renderers since then lies above their memory then (proc(5), `VmHWM`). */
  grown(): Promise<number>;
};

const KIB = 1024;

const field = async (pid: number, name: 'VmHWM' | 'VmRSS'): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * KIB;
};

/** Pages and workers run in renderers. The browser process keeps blobs, and large ones on disk. */
export const peakMemory = async (page: Page): Promise<PeakMemory> => {
  const browser = page.context().browser();
  if (!browser) throw new Error('This page has no browser.');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pids = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  // 5 resets the peak to the current value (proc(5), `clear_refs`).
  await Promise.all(pids.map((pid) => writeFile(`/proc/${pid}/clear_refs`, '5')));
  const held = await Promise.all(pids.map((pid) => field(pid, 'VmRSS')));
  return {
    grown: async () => {
      const peaks = await Promise.all(pids.map((pid) => field(pid, 'VmHWM')));
      return peaks.reduce((sum, peak, index) => sum + peak - (held[index] ?? 0), 0);
    },
  };
};
