import type { Moment } from '../../core/machine.ts';

export type MachineRunnerOptions<Machine, Event, Effect> = {
  initial: Machine;
  /** The pure function that decides. */
  step(machine: Machine, event: Event, moment: Moment): { machine: Machine; effects: readonly Effect[] };
  perform(effect: Effect): void;
  moment(): Moment;
  /** Called once after each run that changed the machine. */
  onChange(machine: Machine): void;
};

export type MachineRunner<Machine, Event> = {
  dispatch(event: Event): void;
  readonly machine: Machine;
};

/**
 * Holds the one mutable state of a machine. Each event runs to completion: an event that an effect dispatches waits in
 * the queue until the current step and its effects are done.
 */
export const createMachineRunner = <Machine, Event, Effect>(
  options: MachineRunnerOptions<Machine, Event, Effect>,
): MachineRunner<Machine, Event> => {
  let machine = options.initial;
  let running = false;
  const queue: Event[] = [];

  const drain = (): void => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const step = options.step(machine, event, options.moment());
      machine = step.machine;
      for (const effect of step.effects) options.perform(effect);
    }
  };

  const dispatch = (event: Event): void => {
    queue.push(event);
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
