import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';

export type PeakMemory = {
  /** Bytes by which the peak of all renderers since then lies above what they held then (proc(5), `VmHWM`). */
  grown(): Promise<number>;
};

const KIB = 1024;

const field = async (pid: number, name: 'VmHWM' | 'VmRSS'): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * KIB;
};

/** Pages and their workers share the renderers; the browser's own process keeps blobs, on disk where they are large. */
export const peakMemory = async (page: Page): Promise<PeakMemory> => {
  const browser = page.context().browser();
  if (!browser) throw new Error('This page has no browser to ask.');
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pids = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  // 5: the peak is set back to what is held now
  await Promise.all(pids.map((pid) => writeFile(`/proc/${pid}/clear_refs`, '5')));
  const held = await Promise.all(pids.map((pid) => field(pid, 'VmRSS')));
  return {
    grown: async () => {
      const peaks = await Promise.all(pids.map((pid) => field(pid, 'VmHWM')));
      return peaks.reduce((sum, peak, index) => sum + peak - (held[index] ?? 0), 0);
    },
  };
};
