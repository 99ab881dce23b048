/**
 * The elements of a site that has everything else itself: `<session-gate>`, `<session-status>`, `<session-sign-in>`.
 * Served as `/keeper-elements.js` too. They take a keeper each: `provideKeeper(await connect(), document)`.
 */
export { SessionGate } from './elements/session-gate.ts';
export { SessionStatus } from './elements/session-status.ts';
export { SessionSignIn } from './elements/session-sign-in.ts';
export { provideKeeper } from './base/provide-keeper.ts';
export { LANGUAGES, matchLanguage, setLanguage, type Language } from './locale/language.ts';
