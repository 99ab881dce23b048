import type { Moment } from '../core/session-types.ts';
export type PumpOptions<Machine, Event, Effect> = {
    initial: Machine;
    /** The pure function that decides. */
    step(machine: Machine, event: Event, at: Moment): {
        machine: Machine;
        effects: readonly Effect[];
    };
    perform(effect: Effect): void;
    moment(): Moment;
    /** Once after each run in which the machine became another one. */
    onChange(machine: Machine): void;
};
export type Pump<Machine, Event> = {
    tell(event: Event): void;
    readonly machine: Machine;
};
/**
 * Holds the one mutable state of a machine. Each event runs to completion: what an effect tells the machine while it
 * is performed waits in line, so that no step ever sees a half-done one.
 */
export declare const createPump: <Machine, Event, Effect>(options: PumpOptions<Machine, Event, Effect>) => Pump<Machine, Event>;
