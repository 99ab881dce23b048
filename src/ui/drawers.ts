/** Apart from `index.ts`, so that a page can load them when it has painted what matters first. */
export { SessionTimeline } from './session-timeline.ts';
export { SessionTry } from './session-try.ts';
