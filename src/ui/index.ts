/** What a page shows at once. `drawers.ts` has what one opens to look closer. */
export { SessionFacts } from './session-facts.ts';
export { SessionGate } from './session-gate.ts';
export { SessionNotices } from './session-notices.ts';
export { SessionSignIn } from './session-sign-in.ts';
export { SessionSockets } from './session-sockets.ts';
export { SessionStatus } from './session-status.ts';
export { SessionSummary } from './session-summary.ts';
export { KeeperElement } from './keeper-element.ts';
export { SnapshotController, type SnapshotHost } from './snapshot-controller.ts';
export { tokens } from './tokens.ts';
