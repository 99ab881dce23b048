import { type Machine, type SessionEvent, type SignInOrder, type Verdict } from '../core/session-types.ts';
import type { SignInNext } from '../protocol/bridge.ts';
import type { Result } from '../protocol/problem.ts';
import type { SignInKind } from '../protocol/snapshot.ts';
import type { Grants } from './grants.ts';
import { type Journal } from './journal.ts';
import type { RefreshLock } from './lock.ts';
import type { Revocations } from './revocations.ts';
import type { SessionStore } from './session-store.ts';
import type { Standing } from './ticket-kind.ts';
import type { Clock, Random } from './types.ts';
export type SessionRuntimeOptions = {
    store: SessionStore;
    lock: RefreshLock;
    grants: Partial<Record<SignInKind, Grants>>;
    verify(kind: SignInKind): Promise<Standing>;
    revocations: Revocations;
    journal: Journal;
    clock: Clock;
    random: Random;
    onChange(machine: Machine): void;
};
export type SessionRuntime = {
    readonly machine: Machine;
    tell(event: SessionEvent): void;
    ask(event: Extract<SessionEvent, {
        type: 'request' | 'refused';
    }>): Verdict | Promise<Verdict>;
    signIn(order: SignInOrder): Promise<Result<SignInNext | null>>;
    signOut(): Promise<Result<SignInNext | null>>;
    /** Resolves when no effect is under way. */
    settled(): Promise<void>;
};
/** One handler for each effect of the session machine; every answer carries its question's call. */
export declare const createSessionRuntime: (options: SessionRuntimeOptions) => SessionRuntime;
