/**
 * The elements for other sites: `<session-gate>`, `<session-status>`, `<session-sign-in>`. Also served as
 * `/keeper-elements.js`.
 *
 * @example
 * import { connect } from 'session-keeper'
 * import { provideKeeper } from 'session-keeper/elements'
 * provideKeeper(await connect({ worker: '/sw.js' }), document)
 */
export { SessionGate } from './elements/session-gate.ts';
export { SessionStatus } from './elements/session-status.ts';
export { SessionSignIn } from './elements/session-sign-in.ts';
export { defineAccounts } from './account/define-accounts.ts';
export { provideKeeper } from './base/provide-keeper.ts';
export { LANGUAGES, matchLanguage, setLanguage, type Language } from './locale/language.ts';
