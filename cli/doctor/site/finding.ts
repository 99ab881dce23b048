export type Verdict = 'ok' | 'warn' | 'fail' | 'skipped';

/** What one check has to say. `found` is a fact; `why` and `mend` are for whoever runs the deployment. */
export type Finding = Quiet<'ok'> | Quiet<'skipped'> | Loud<'warn'> | Loud<'fail'>;
type Quiet<V extends Verdict> = { verdict: V; found: string };
type Loud<V extends Verdict> = { verdict: V; found: string; why: string; mend: string };

/** For what can be asked only of a deployment whose configuration is known. */
export const UNKNOWN_CONFIG = 'The configuration could not be read from the worker script (see above).';

export const fine = (found: string): Finding => ({ verdict: 'ok', found });
export const skipped = (found: string): Finding => ({ verdict: 'skipped', found });
export const warn = (found: string, why: string, mend: string): Finding => ({ verdict: 'warn', found, why, mend });
export const fail = (found: string, why: string, mend: string): Finding => ({ verdict: 'fail', found, why, mend });
