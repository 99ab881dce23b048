/**
 * The elements of a site that has everything else itself: `<session-gate>`, `<session-status>`, `<session-sign-in>`.
 * Served as `/keeper-elements.js` too. They take a keeper each: `give(await connect(), document)`.
 */
export { SessionGate } from './elements/session-gate.ts';
export { SessionStatus } from './elements/session-status.ts';
export { SessionSignIn } from './elements/session-sign-in.ts';
export { give } from './base/provide-keeper.ts';
export { LANGUAGES, languageFor, speak, type Language } from './locale/language.ts';
