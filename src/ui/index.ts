/** What a page shows at once; what one opens to look closer is in modules of its own, to be loaded then. */
export { SessionGate } from './elements/session-gate.ts';
export { SessionNotices } from './elements/session-notices.ts';
export { SessionNav, PAGES, type PageName } from './elements/session-nav.ts';
export { SessionStatus } from './elements/session-status.ts';
export { SessionSummary } from './elements/session-summary.ts';
export { KeeperElement } from './base/keeper-element.ts';
export { elementsOf, give } from './base/provide-keeper.ts';
export { SnapshotController, type SnapshotHost } from './base/snapshot-controller.ts';
export { tokens } from './base/theme.ts';
export { unread } from './base/announcements.ts';
export { isLanguage, LANGUAGES, languageFor, speak, spoken, type Language } from './locale/language.ts';
export { words } from './strings/messages.ts';
export { surely } from './base/retry-import.ts';
