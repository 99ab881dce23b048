import { timingSafeEquals } from '../base/crypto.ts';

/** A person who can sign in with each of the three sign-in methods. */
export type Account = { username: string; password: string; name: string; apiKey: string };

export const DEMO_ACCOUNT: Account = { username: 'demo', password: 'demo', name: 'Demo User', apiKey: 'demo-key' };

export type Accounts = {
  all(): readonly Account[];
  find(username: string): Account | undefined;
  byPassword(username: string, password: string): Account | undefined;
  byApiKey(apiKey: string): Account | undefined;
};

export const createAccounts = (accounts: readonly Account[]): Accounts => {
  const find = (username: string): Account | undefined => accounts.find((account) => account.username === username);
  return {
    all: () => accounts,
    find,
    byPassword(username, password) {
      const account = find(username);
      // Compares for an unknown name too, so that the time of the answer does not show which names exist.
      const matches = timingSafeEquals(password, account?.password ?? '');
      return matches ? account : undefined;
    },
    byApiKey: (apiKey) => accounts.find((account) => timingSafeEquals(account.apiKey, apiKey)),
  };
};
