import { fail, skipped, type CheckResult, type DoctorCheck, type Finding, type CheckVerdict } from './checks/check.ts';
import { DOCTOR_CHECKS } from './checks/all-checks.ts';
import { createContext, type Context, type ContextOptions } from './site/context.ts';
import { mediaType } from './site/http-request.ts';
import { SilentServerError } from './site/silent-server.ts';
import { hasKeeper } from './site/worker-scripts.ts';

export type Report = {
  url: string;
  worker: string;
  /** `absent`: there is no keeper, so nothing else was examined. */
  keeper: 'present' | 'absent';
  counts: Readonly<Record<CheckVerdict, number>>;
  checks: readonly CheckResult[];
};

/**
 * `unreachable`: the server gave no HTTP response for the page, so there was nothing to examine. `no-keeper`: the site has
 * none; `detail` says what is there instead.
 */
export type Diagnosis =
  | { type: 'examined'; report: Report }
  | { type: 'no-keeper'; report: Report; detail: string }
  | { type: 'unreachable'; detail: string };

export type DoctorOptions = ContextOptions & {
  /** Called before each check, for a progress line. */
  onProgress?: (done: number, total: number, title: string) => void;
};

const CRASH_WHY = 'The check could not run, so the doctor cannot say whether this is right.';
const CRASH_FIX = 'Make sure that the address answers reliably, raise --timeout, and try again.';

/** `reported`: errors of answers that several checks need. Only the first one reports them. */
const runOne = async (check: DoctorCheck, context: Context, reported: Set<unknown>): Promise<Finding> => {
  try {
    return await check.run(context);
  } catch (error) {
    if (error instanceof SilentServerError) return skipped(error.message);
    if (reported.has(error)) return skipped(`${error instanceof Error ? error.message : String(error)} (see above)`);
    reported.add(error);
    return fail(error instanceof Error ? error.message : String(error), CRASH_WHY, CRASH_FIX);
  }
};

/**
 * What is in the place of a keeper, or `undefined` where there may be one. A site's own worker may contain a keeper that a
 * bundler has renamed, so a browser has the last word.
 */
const noKeeper = async (context: Context): Promise<string | undefined> => {
  const answer = await context.script().catch((error: unknown) => error);
  // The checks say what is wrong with a server that does not answer.
  if (answer instanceof Error) return undefined;
  const { status } = await context.script();
  const { pathname } = context.site.worker;
  if (await context.deployment()) return undefined;
  if (status !== 200) return `${pathname} answers ${status}`;
  const type = mediaType(await context.script());
  if (type === 'text/html') return `${pathname} is a page`;
  if (hasKeeper(await context.workerTexts())) return undefined;
  const visit = await context.visit();
  return visit.type === 'seen' && visit.isKeeper ? undefined : `${pathname} is a worker of another kind`;
};

/** Runs every check, one after the other, so that the deployment gets no more load than from one visitor. */
export const examine = async (options: DoctorOptions): Promise<Diagnosis> => {
  const context = createContext(options);
  const { site, onProgress } = options;
  const first = await context.page().catch((error: unknown) => error);
  if (first instanceof Error) return { type: 'unreachable', detail: first.message };
  const about = { url: site.url.href, worker: site.worker.href };
  const detail = await noKeeper(context);
  if (detail !== undefined) {
    const counts = { ok: 0, warn: 0, fail: 1, skipped: DOCTOR_CHECKS.length };
    return { type: 'no-keeper', detail, report: { ...about, keeper: 'absent', counts, checks: [] } };
  }
  const checks: CheckResult[] = [];
  const reported = new Set<unknown>();
  for (const check of DOCTOR_CHECKS) {
    const { id, title, group } = check;
    onProgress?.(checks.length, DOCTOR_CHECKS.length, title);
    checks.push({ id, title, group, ...(await runOne(check, context, reported)) });
  }
  const counts = { ok: 0, warn: 0, fail: 0, skipped: 0 };
  for (const { verdict } of checks) counts[verdict] += 1;
  return { type: 'examined', report: { ...about, keeper: 'present', counts, checks } };
};
