/** `unknown`: no registry with signatures answered, so there is nothing to judge. */
export type SignatureResult =
  | { type: 'verified' }
  | { type: 'unknown'; reason: string }
  | { type: 'invalid'; output: string };

/** Errors of npm that say that the registry, or the log of its keys, did not answer. */
const NO_ANSWER = /npm error code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E5\d\d|TUF_\w+)/;
/** A mirror without signatures. */
const NO_KEYS =
  /found no dependencies to audit that were installed from a supported registry|E404|EEXPIREDSIGNATUREKEY/;

/** What `npm audit signatures` said (https://docs.npmjs.com/verifying-registry-signatures). `code`: its exit code. */
export const signatureResult = (code: number, output: string): SignatureResult => {
  if (code === 0) return { type: 'verified' };
  if (/invalid|missing/.test(output)) return { type: 'invalid', output };
  const reason = (NO_ANSWER.exec(output) ?? NO_KEYS.exec(output))?.[0];
  return reason === undefined ? { type: 'invalid', output } : { type: 'unknown', reason };
};
