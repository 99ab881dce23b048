/*
 * The names in a worker's journal. The compiler checks each write against them, so that readers such as the timeline
 * know every name.
 */

/** Events of the machine `session`, without requests and ticks: they are too many for the journal. */
export type SessionEventName =
  | 'started'
  | 'loaded'
  | 'load-failed'
  | 'refused'
  | 'refused-again'
  | 'abandoned'
  | 'locked'
  | 'saved'
  | 'save-failed'
  | 'superseded'
  | 'granted'
  | 'grant-failed'
  | 'verified'
  | 'verify-failed'
  | 'nudge'
  | 'tab-expected'
  | 'tab-arrived'
  | 'restored'
  | 'record-changed'
  | 'erased'
  | 'suspected'
  | 'sign-in'
  | 'sign-in-redirect'
  | 'signed-in'
  | 'sign-in-failed'
  | 'sign-out'
  | 'revocation-refused';

/** Machine `state`: the session's new state. */
export type SessionStateName =
  | 'starting'
  | 'signed-out'
  | 'establishing'
  | 'active'
  | 'refreshing'
  | 'ending'
  | 'saving'
  | 'degraded'
  | 'sign-in-required';

/** Machine `network`, as the browser reports it: a hint, no proof. */
export type NetworkStateName = 'up' | 'down';
