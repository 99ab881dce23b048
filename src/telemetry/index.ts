/** What happens to the session, for a site's own telemetry. */
export { onEvent, type OnEventOptions } from './on-event.ts';
export type { KeeperEvent } from './keeper-event.ts';
export { markPerformance } from './performance-marks.ts';
