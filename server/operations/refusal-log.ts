import type { Log } from './log.ts';
import type { RefusalReason } from '../auth/token-verifier.ts';

type Expected = { issuer: string; clientId: string; audience: string | undefined };

/** Which setting to look at. The others need none: the token is over, forged, or of another use. */
const CURES: { readonly [R in RefusalReason]?: string } = {
  issuer: 'Compare OIDC_ISSUER with the claim "iss".',
  'another audience': 'Compare OIDC_AUDIENCE with the claim "aud".',
  'another client': 'Set OIDC_AUDIENCE to the identifier of this API, or OIDC_CLIENT_ID to the client.',
  'not an access token': 'Send the access token. Of an ID token, only the client is the audience.',
};

/** Anyone can send bad tokens, so each reason gets one line in so many ms. */
const PAUSE_MS = 60_000;

/** Writes why access tokens are refused, without the tokens. `now`: a monotonic clock (ms). */
export const createRefusalLog = (
  log: Pick<Log, 'warn'>,
  { issuer, clientId, audience }: Expected,
  now: () => number = () => performance.now(),
): ((reason: RefusalReason) => void) => {
  const lines = new Map<RefusalReason, number>();
  return (reason) => {
    // Tokens expire all the time, and a client renews them.
    if (reason === 'expired' || now() - (lines.get(reason) ?? -Infinity) < PAUSE_MS) return;
    lines.set(reason, now());
    const cure = CURES[reason];
    log.warn(
      { reason, issuer, clientId, audience },
      ['An access token was refused:', reason + '.', cure].filter(Boolean).join(' '),
    );
  };
};
