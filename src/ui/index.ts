/** The interface of the first paint. The other elements are modules of their own, which a page imports when it needs them. */
export { SessionGate } from './elements/session-gate.ts';
export { SessionNav, PAGES, type PageName } from './elements/session-nav.ts';
export { SessionStatus } from './elements/session-status.ts';
export { KeeperElement } from './base/keeper-element.ts';
export { keeperElements, provideKeeper } from './base/provide-keeper.ts';
export { SnapshotController, type SnapshotHost } from './base/snapshot-controller.ts';
export { theme } from './look/theme.ts';
export { unread } from './base/announcements.ts';
export { PREFERENCES, preference, setPreference, sharedPreference, type PreferenceName } from './base/preferences.ts';
export {
  matchLanguage,
  setLanguage,
  currentLanguage,
  LANGUAGES,
  type Language,
  isLanguage,
} from './locale/language.ts';
export { frameStrings } from './strings/frame-strings.ts';
export { retryImport } from './base/retry-import.ts';
