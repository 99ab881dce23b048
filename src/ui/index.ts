/** What a page shows at once; what one opens to look closer is in modules of its own, to be loaded then. */
export { SessionGate } from './session-gate.ts';
export { SessionNotices } from './session-notices.ts';
export { SessionNav, PAGES, type PageName } from './session-nav.ts';
export { SessionStatus } from './session-status.ts';
export { SessionSummary } from './session-summary.ts';
export { KeeperElement } from './keeper-element.ts';
export { elementsOf, give } from './give.ts';
export { SnapshotController, type SnapshotHost } from './snapshot-controller.ts';
export { tokens } from './tokens.ts';
export { unread } from './attention.ts';
export { isLanguage, LANGUAGES, languageFor, speak, spoken, type Language } from './speech.ts';
export { words } from './say.ts';
export { surely } from './surely.ts';
