import { fail, type CheckResult, type DoctorCheck, type Finding, type CheckVerdict } from './checks/check.ts';
import { DOCTOR_CHECKS } from './checks/all-checks.ts';
import { createContext, type Context, type ContextOptions } from './site/context.ts';

export type Report = {
  url: string;
  worker: string;
  counts: Readonly<Record<CheckVerdict, number>>;
  checks: readonly CheckResult[];
};

/** `unreachable`: the server gave no HTTP response for the page, so there was nothing to examine. */
export type Diagnosis = { type: 'examined'; report: Report } | { type: 'unreachable'; detail: string };

export type DoctorOptions = ContextOptions & {
  /** Called before each check, for a progress line. */
  onProgress?: (done: number, total: number, title: string) => void;
};

const CRASH_WHY = 'The check could not run, so the doctor cannot say whether this is right.';
const CRASH_FIX = 'Make sure that the address answers reliably, raise --timeout, and try again.';

const runOne = async (check: DoctorCheck, context: Context): Promise<Finding> => {
  try {
    return await check.run(context);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), CRASH_WHY, CRASH_FIX);
  }
};

/** Runs every check, one after the other, so that the deployment gets no more load than from one visitor. */
export const examine = async (options: DoctorOptions): Promise<Diagnosis> => {
  const context = createContext(options);
  const { site, onProgress } = options;
  const first = await context.page().catch((error: unknown) => error);
  if (first instanceof Error) return { type: 'unreachable', detail: first.message };
  const checks: CheckResult[] = [];
  for (const check of DOCTOR_CHECKS) {
    const { id, title, group } = check;
    onProgress?.(checks.length, DOCTOR_CHECKS.length, title);
    checks.push({ id, title, group, ...(await runOne(check, context)) });
  }
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return { type: 'examined', report: { url: site.url.href, worker: site.worker.href, counts, checks } };
};
