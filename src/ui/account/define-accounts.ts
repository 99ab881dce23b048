/**
 * Defines `<session-accounts>`, with which a person switches between several sessions (`sessions` of the configuration). Its
 * code loads with the first call. Rejects when it cannot be loaded; call it again then.
 *
 * @example
 * import { defineAccounts } from 'session-keeper/elements';
 * await defineAccounts();
 */
export const defineAccounts = async (): Promise<void> => {
  await import('./session-accounts.ts');
};
