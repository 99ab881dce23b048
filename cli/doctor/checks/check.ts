import type { Context } from '../site/context.ts';

export const GROUPS = [
  'Worker script',
  'Documents',
  'Error pages and callback',
  'Identity provider',
  'API',
  'Session',
  'Browser',
] as const;
export type Group = (typeof GROUPS)[number];

/**
 * One check of the doctor. To add one, write it in a file of this folder and list it in that file's `…_CHECKS`.
 *
 * @example
 * const page: DoctorCheck = {
 *   id: 'page',
 *   title: 'The address is a page',
 *   group: 'Documents',
 *   run: async (context) =>
 *     (await context.page()).status === 200 ? pass('200') : fail('no page', 'People see an error.', 'Publish the page.'),
 * };
 */
export type DoctorCheck = {
  /** Stable: scripts that read `--json` compare it. */
  id: string;
  title: string;
  group: Group;
  /** May reject: the doctor then reports the check as failed, with the error's message. */
  run(context: Context): Promise<Finding>;
};

export type CheckVerdict = 'ok' | 'warn' | 'fail' | 'skipped';

/** The result of one check. `found` is a fact; `why` and `fix` are for the people who run the deployment. */
export type Finding = Harmless<'ok'> | Harmless<'skipped'> | Trouble<'warn'> | Trouble<'fail'>;
type Harmless<V extends CheckVerdict> = { verdict: V; found: string };
type Trouble<V extends CheckVerdict> = { verdict: V; found: string; why: string; fix: string };

export type CheckResult = { id: string; title: string; group: Group } & Finding;

export const pass = (found: string): Finding => ({ verdict: 'ok', found });
export const skipped = (found: string): Finding => ({ verdict: 'skipped', found });
export const warn = (found: string, why: string, fix: string): Finding => ({ verdict: 'warn', found, why, fix });
export const fail = (found: string, why: string, fix: string): Finding => ({ verdict: 'fail', found, why, fix });
