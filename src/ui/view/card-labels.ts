import { appStrings } from '../strings/app-strings.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { troubleOf, type SignedInSession, type Status } from '../base/status.ts';

/* What the cards say of the session and the network. `shown` is the status that the headline has. */

/** The headline does not mention trouble that is seconds old, so neither do the cards. */
const isQuiet = (shown: Status): boolean => shown === 'connected';

/** A renewal after a failed one is still late. */
export const sessionLabel = (session: SignedInSession, shown: Status): string => {
  const isTroubled = troubleOf(session) !== undefined;
  if (isTroubled && isQuiet(shown)) return strings().session.active;
  return labelFor(strings().session, session.state === 'refreshing' && isTroubled ? 'degraded' : session.state);
};

export const networkLabel = (online: boolean, shown: Status): string =>
  online || isQuiet(shown) ? appStrings().online : appStrings().offline;
