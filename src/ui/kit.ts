/**
 * The elements of a site that has everything else itself: `<session-gate>`, `<session-status>`, `<session-sign-in>`.
 * Served as `/keeper-elements.js` too. They take a keeper each: `give(await connect(), document)`.
 */
export { SessionGate } from './session-gate.ts';
export { SessionStatus } from './session-status.ts';
export { SessionSignIn } from './session-sign-in.ts';
export { give } from './give.ts';
export { LANGUAGES, languageFor, speak, type Language } from './speech.ts';
