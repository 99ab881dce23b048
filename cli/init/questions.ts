import { createInterface, type Interface } from 'node:readline/promises';
import type { SignInChoice } from './config-file.ts';

export const DEFAULT_API = '/api/';

const ask = async (lines: Interface, question: string, usual: string): Promise<string> => {
  const answer = (await lines.question(`${question}${usual === '' ? '' : ` (${usual})`}: `)).trim();
  return answer === '' ? usual : answer;
};

const required = async (lines: Interface, question: string): Promise<string> => {
  for (;;) {
    const answer = await ask(lines, question, '');
    if (answer !== '') return answer;
  }
};

const chosen = async (lines: Interface): Promise<SignInChoice> => {
  for (;;) {
    const kind = await ask(lines, 'How do users sign in: password, oidc or ticket?', 'password');
    if (kind === 'password' || kind === 'ticket') return { kind };
    if (kind !== 'oidc') continue;
    const issuer = await required(lines, 'URL of the OpenID provider (its issuer)');
    return { kind, issuer, clientId: await required(lines, 'Client id of this site at the provider') };
  }
};

/** Asks in the terminal. `api`: what a flag says already. */
export const askForSignIn = async (api: string | undefined): Promise<{ api: string; signIn: SignInChoice }> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const signIn = await chosen(lines);
    return { api: api ?? (await ask(lines, 'Path of the API that tokens belong to', DEFAULT_API)), signIn };
  } finally {
    lines.close();
  }
};
