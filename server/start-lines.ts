import { resolve } from 'node:path';
import { DEMO_ACCOUNT } from './auth/accounts.ts';
import { LOOPBACK_ADDRESSES } from './http/host-names.ts';
import { servesFaultRoutes, type ServerOptions } from './server-options.ts';

/** What a server prints once it serves. Scripts wait for the first line. `url`: without a slash at its end. */
export const startLines = (url: string, options: ServerOptions): readonly string[] => {
  const { username, password, apiKey } = DEMO_ACCOUNT;
  const isReachable =
    options.publicOrigin !== undefined || (options.host !== undefined && !LOOPBACK_ADDRESSES.has(options.host));
  const lines = [
    `Session Keeper ready at ${url}/`,
    options.issuer === undefined
      ? `Account: ${username}, password ${password}, API key ${apiKey}`
      : `Accounts: those of ${options.issuer}; also ${username}, password ${password}, API key ${apiKey}`,
    `Data folder: ${resolve(options.dataDir)}`,
  ];
  if (isReachable) lines.push('Warning: other machines can reach this server, and everyone knows the account above.');
  if (servesFaultRoutes(options)) lines.push('Fault routes: on below /lab, for this machine only');
  else if (options.faultRoutes) lines.push('Fault routes: off, because PUBLIC_ORIGIN or PUBLIC_ISSUER is set');
  return [...lines, 'Stop it with Ctrl+C.'];
};
