/*
 * What the machines share. A machine is a pure function `step(machine, event, at, policy)`: it returns the next machine
 * and effects as data, which the host carries out in their order.
 */

/** When an event comes (ms since the Unix epoch, by this device's clock), and a random number in [0, 1). */
export type Moment = { now: number; chance: number };

/** The moment and the machine's policy: every transition reads both. */
export type StepContext<Policy> = Moment & { readonly policy: Policy };

export type Step<Machine, Effect> = { machine: Machine; effects: readonly Effect[] };

export const noChange = <Machine>(machine: Machine): Step<Machine, never> => ({ machine, effects: [] });

export const transition = <Machine extends { state: unknown }, const Effect>(
  machine: Machine,
  state: Machine['state'],
  ...effects: Effect[]
): Step<Machine, Effect> => ({ machine: { ...machine, state }, effects });

export const withEffects = <Machine, Before, const Effect>(
  step: Step<Machine, Before>,
  ...effects: Effect[]
): Step<Machine, Before | Effect> => ({ machine: step.machine, effects: [...step.effects, ...effects] });

/** Before those of the step: what is in flight ends before something new begins. */
export const withEffectsFirst = <Machine, After, const Effect>(
  step: Step<Machine, After>,
  ...effects: Effect[]
): Step<Machine, Effect | After> => ({ machine: step.machine, effects: [...effects, ...step.effects] });
