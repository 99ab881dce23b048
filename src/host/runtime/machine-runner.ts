import type { Moment } from '../../core/session/session-types.ts';

export type MachineRunnerOptions<Machine, Event, Effect> = {
  initial: Machine;
  /** The pure function that decides. */
  step(machine: Machine, event: Event, at: Moment): { machine: Machine; effects: readonly Effect[] };
  perform(effect: Effect): void;
  moment(): Moment;
  /** Once after each run in which the machine became another one. */
  onChange(machine: Machine): void;
};

export type MachineRunner<Machine, Event> = {
  dispatch(event: Event): void;
  readonly machine: Machine;
};

/**
 * Holds the one mutable state of a machine. Each event runs to completion: what an effect tells the machine while it
 * is performed waits in line, so that no step ever sees a half-done one.
 */
export const createMachineRunner = <Machine, Event, Effect>(
  options: MachineRunnerOptions<Machine, Event, Effect>,
): MachineRunner<Machine, Event> => {
  let machine = options.initial;
  let running = false;
  const inbox: Event[] = [];

  const drain = (): void => {
    for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) {
      const step = options.step(machine, event, options.moment());
      machine = step.machine;
      for (const effect of step.effects) options.perform(effect);
    }
  };

  const dispatch = (event: Event): void => {
    inbox.push(event);
    if (running) return;
    const before = machine;
    running = true;
    try {
      drain();
    } finally {
      running = false;
    }
    if (machine !== before) options.onChange(machine);
  };

  return {
    dispatch,
    get machine() {
      return machine;
    },
  };
};
