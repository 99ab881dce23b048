/**
 * The names under which a worker writes its journal, for those who read it. What a machine writes is checked against
 * these where it is written, so that no reader finds a name that nobody told it of.
 */

/** Machine `session`: what it was told. Requests and ticks are too many to write down. */
export type SessionEventName =
  | 'started'
  | 'loaded'
  | 'load-failed'
  | 'refused'
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
  | 'tab-arrived'
  | 'restored'
  | 'erased'
  | 'suspected'
  | 'sign-in'
  | 'sign-in-redirect'
  | 'signed-in'
  | 'sign-in-failed'
  | 'sign-out';

/** Machine `state`: what the session became. */
export type SessionStateName =
  | 'starting'
  | 'signed-out'
  | 'establishing'
  | 'active'
  | 'refreshing'
  | 'ending'
  | 'saving'
  | 'degraded';

/** Machine `network`, as the browser says it: a hint, not a proof. */
export type NetworkStateName = 'up' | 'down';
