import type { PasswordConfig } from '../protocol/config.ts';
import type { Problem } from '../protocol/problem.ts';
import { type Grants } from './grants.ts';
/** A wrong password is no `invalid_grant` of a session: it is told where it was typed. */
export declare const asCredentials: (problem: Problem) => Problem;
/** JSON login, refresh and logout of an application's own backend. */
export declare const createPassword: (config: PasswordConfig, origin: string, now: () => number) => Grants;
