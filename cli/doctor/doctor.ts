import {
  API_CHECKS,
  BROWSER_CHECKS,
  DOCUMENT_CHECKS,
  EDGE_CHECKS,
  PROVIDER_CHECKS,
  SESSION_CHECKS,
  SOCKET_CHECKS,
  WORKER_CHECKS,
} from './checks/index.ts';
import { createContext, type ContextOptions } from './site/context.ts';
import { fail, type Finding, type Verdict } from './site/finding.ts';
import type { Check, Checked } from './site/types.ts';

export const CHECKS: readonly Check[] = [
  ...WORKER_CHECKS,
  ...DOCUMENT_CHECKS,
  ...EDGE_CHECKS,
  ...PROVIDER_CHECKS,
  ...API_CHECKS,
  ...SOCKET_CHECKS,
  ...SESSION_CHECKS,
  ...BROWSER_CHECKS,
];

export type Report = {
  url: string;
  worker: string;
  counts: Readonly<Record<Verdict, number>>;
  checks: readonly Checked[];
};

/** `unreachable`: the page gave no HTTP answer at all, so there was nothing to examine. */
export type Diagnosis = { type: 'examined'; report: Report } | { type: 'unreachable'; detail: string };

export type DoctorOptions = ContextOptions & {
  /** Called before each check, for a progress line. */
  onProgress?: (done: number, total: number, title: string) => void;
};

const CRASH_WHY = 'The check could not be made, so what it guards is not known.';
const CRASH_MEND = 'See that the address answers steadily, raise --timeout, and try again.';

const runOne = async (check: Check, context: ReturnType<typeof createContext>): Promise<Finding> => {
  try {
    return await check.run(context);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), CRASH_WHY, CRASH_MEND);
  }
};

/** Runs every check, one after the other: a deployment must not notice that it is being examined. */
export const examine = async (options: DoctorOptions): Promise<Diagnosis> => {
  const context = createContext(options);
  const { target, onProgress } = options;
  const first = await context.page().catch((error: unknown) => error);
  if (first instanceof Error) return { type: 'unreachable', detail: first.message };
  const checks: Checked[] = [];
  for (const check of CHECKS) {
    const { id, title, group } = check;
    onProgress?.(checks.length, CHECKS.length, title);
    checks.push({ id, title, group, ...(await runOne(check, context)) });
  }
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return { type: 'examined', report: { url: target.url.href, worker: target.worker.href, counts, checks } };
};
