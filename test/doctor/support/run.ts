import { createContext, type ContextOptions } from '../../../cli/doctor/site/context.ts';
import { CHECKS, examine, type Report } from '../../../cli/doctor/doctor.ts';
import { parseTarget, type Target } from '../../../cli/doctor/site/target.ts';
import type { Finding } from '../../../cli/doctor/site/finding.ts';
import { startSite, type Plan, type Site } from './site.ts';

export const TIMEOUT_MS = 10_000;
export const ACCOUNT = { username: 'someone', password: 'right' };

export const targetOf = (origin: string, worker = '/sw.js'): Target => {
  const target = parseTarget(`${origin}/`, worker);
  if (!target) throw new Error(`${origin} is no target`);
  return target;
};

export type Given = { worker?: string; isLocal?: boolean } & Partial<Omit<ContextOptions, 'target'>>;

const optionsFor = (origin: string, { worker, isLocal, ...rest }: Given): ContextOptions => {
  const target = targetOf(origin, worker);
  return {
    target: isLocal === undefined ? target : { ...target, isLocal },
    browser: { type: 'none' },
    timeoutMs: TIMEOUT_MS,
    ...rest,
  };
};

/** One check, against a site with one fault. */
export const check = async (id: string, spoilt: Partial<Plan> = {}, given: Given = {}): Promise<Finding> => {
  const found = CHECKS.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`There is no check ${id}`);
  const site = await startSite(spoilt);
  try {
    return await found.run(createContext(optionsFor(site.origin, given)));
  } finally {
    await site.stop();
  }
};

export const reportOn = async (site: Pick<Site, 'origin'>, given: Given = {}): Promise<Report> => {
  const diagnosis = await examine(optionsFor(site.origin, given));
  if (diagnosis.type === 'unreachable') throw new Error(diagnosis.detail);
  return diagnosis.report;
};

/** `id verdict: found` of everything that is not well. */
export const troubles = (report: Report): string[] =>
  report.checks.filter(({ verdict }) => verdict !== 'ok').map(({ id, verdict, found }) => `${id} ${verdict}: ${found}`);
