import { createContext, type ContextOptions } from '../../../cli/doctor/site/context.ts';
import { examine, type Report } from '../../../cli/doctor/doctor.ts';
import { DOCTOR_CHECKS } from '../../../cli/doctor/checks/all-checks.ts';
import { parseSite, type Site } from '../../../cli/doctor/site/target.ts';
import type { Finding } from '../../../cli/doctor/checks/check.ts';
import { startSite, type Plan, type TestSite } from './site.ts';

export const TIMEOUT_MS = 10_000;
export const ACCOUNT = { username: 'someone', password: 'right' };

export const siteAt = (origin: string, worker = '/sw.js'): Site => {
  const site = parseSite(`${origin}/`, worker);
  if (!site) throw new Error(`${origin} is not an http(s) address`);
  return site;
};

export type Given = { worker?: string; isLocal?: boolean } & Partial<Omit<ContextOptions, 'target'>>;

const optionsFor = (origin: string, { worker, isLocal, ...rest }: Given): ContextOptions => {
  const site = siteAt(origin, worker);
  return {
    site: isLocal === undefined ? site : { ...site, isLocal },
    browser: { type: 'none' },
    timeoutMs: TIMEOUT_MS,
    ...rest,
  };
};

/** Runs one check against a site with one fault. */
export const check = async (id: string, spoilt: Partial<Plan> = {}, given: Given = {}): Promise<Finding> => {
  const found = DOCTOR_CHECKS.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`There is no check ${id}`);
  const site = await startSite(spoilt);
  try {
    return await found.run(createContext(optionsFor(site.origin, given)));
  } finally {
    await site.stop();
  }
};

export const reportOn = async (site: Pick<TestSite, 'origin'>, given: Given = {}): Promise<Report> => {
  const diagnosis = await examine(optionsFor(site.origin, given));
  if (diagnosis.type === 'unreachable') throw new Error(diagnosis.detail);
  return diagnosis.report;
};

/** `id verdict: found` of each check that did not pass. */
export const troubles = (report: Report): string[] =>
  report.checks.filter(({ verdict }) => verdict !== 'ok').map(({ id, verdict, found }) => `${id} ${verdict}: ${found}`);
