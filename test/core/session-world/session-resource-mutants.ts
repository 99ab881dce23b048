import { stepSession } from '../../../src/core/session/session.ts';
import { sessionOf } from '../../../src/core/session/session-transitions.ts';
import type { SessionEvent, SessionMachine } from '../../../src/core/session/session-types.ts';
import { tokenVerdict } from '../../../src/core/session/token-expiry.ts';
import type { Mutant } from './session-mutants.ts';

const withoutResource = (machine: SessionMachine): SessionMachine =>
  machine.state.state === 'refreshing' ? { ...machine, state: { ...machine.state, resource: undefined } } : machine;

/** The machine takes the provider's word on a resource for one on the session. */
const asOfSession = (machine: SessionMachine, { type }: SessionEvent): SessionMachine =>
  type === 'grant-failed' ? withoutResource(machine) : machine;

/** Machines with one mistake about resources. */
export const RESOURCE_MUTANTS: readonly Mutant[] = [
  {
    invariant: 18,
    name: 'sends the token of the session to each resource',
    step: (machine, event, at, policy) => {
      const session = sessionOf(machine.state);
      const verdict = session && tokenVerdict(session);
      if (event.type !== 'request' || event.resource === undefined || !verdict)
        return stepSession(machine, event, at, policy);
      return { machine, effects: [{ type: 'answer', id: event.id, verdict }] };
    },
  },
  {
    invariant: 18,
    name: 'keeps the token of a resource as that of the session',
    step: (machine, event, at, policy) =>
      stepSession(event.type === 'granted' ? withoutResource(machine) : machine, event, at, policy),
  },
  {
    invariant: 18,
    name: 'takes the refusal of a resource for one of the session',
    step: (machine, event, at, policy) => stepSession(asOfSession(machine, event), event, at, policy),
  },
  {
    invariant: 18,
    name: 'sends a refused token of a resource again',
    step: (machine, event, at, policy) => {
      const isResource = event.type === 'refused' && event.resource !== undefined;
      return stepSession(machine, isResource ? { ...event, generation: -1 } : event, at, policy);
    },
  },
  {
    invariant: 18,
    name: 'never asks for a resource again after a refusal',
    step: (machine, event, at, policy) => {
      const step = stepSession(machine, event, at, policy);
      const resourcePauses = Object.fromEntries(
        Object.entries(step.machine.resourcePauses).map(([name, pause]) => [
          name,
          { ...pause, since: -Infinity, until: Infinity },
        ]),
      );
      return { ...step, machine: { ...step.machine, resourcePauses } };
    },
  },
  {
    invariant: 1,
    name: 'sends a second token request for a resource during the first',
    step: (machine, event, at, policy) => {
      const step = stepSession(machine, event, at, policy);
      const { state } = machine;
      const isBusy = state.state === 'refreshing' && state.step === 'requesting';
      if (event.type !== 'request' || event.resource === undefined || !isBusy) return step;
      const { call, session } = state;
      return { ...step, effects: [...step.effects, { type: 'grant', call, session, resource: event.resource }] };
    },
  },
  {
    invariant: 4,
    name: 'forgets the requests that wait for a resource when the session ends',
    step: (machine, event, at, policy) =>
      stepSession(event.type === 'sign-out' ? { ...machine, resourceRequests: [] } : machine, event, at, policy),
  },
  {
    invariant: 12,
    name: 'forgets that the answer to a resource was lost',
    step: (machine, event, at, policy) => {
      const { state } = machine;
      const isOfResource = state.state === 'refreshing' && state.resource !== undefined;
      const given = event.type === 'grant-failed' && isOfResource ? { ...event, unanswered: false } : event;
      return stepSession(machine, given, at, policy);
    },
  },
];
