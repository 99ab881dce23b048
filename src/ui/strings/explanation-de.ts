import { pluralsFor } from '../locale/plural.ts';
import type { ExplanationStrings } from './explanation-en.ts';

const { counted } = pluralsFor('de');

export const explanationDe: ExplanationStrings = {
  whySignedOut: 'Warum wurde ich abgemeldet?',
  whyNot: 'Warum?',
  whyWaiting: 'Warum wird neu verbunden?',
  whyOfflineNow: 'Warum bin ich offline?',
  whyRejected:
    'Der Server sagt, dass diese Sitzung nicht mehr gilt. Jemand hat sie anderswo beendet, das Passwort wurde geändert, oder sie wurde zu lange nicht benutzt.',
  whyExpired: 'Der Server hat dieser Sitzung bei ihrem Beginn ein Ende gesetzt, und diese Zeit ist gekommen.',
  whyLost:
    'Eine Erneuerung erreichte den Server, aber seine Antwort kam nie an. Das vorige Token hat er danach abgelehnt, wie er es muss.',
  whyNotYou: 'Neuladen, ein verlorenes Netz oder ein geschlossener Browser bewirken das nicht.',
  whyOffline: 'Dieses Gerät hat kein Netz. Nichts kann gefragt werden, und nichts geht derweil verloren.',
  whyAttempt: (count) =>
    `${counted(count, { one: 'Versuch', other: 'Versuche' })} bisher. Es geht von selbst weiter; du bleibst angemeldet.`,
  whySocket: 'Die Live-Verbindung wird neu hergestellt. Deine Sitzung berührt das nicht.',
  whyStopped: 'Der Server hat die Live-Verbindung beendet und bittet, fernzubleiben.',
  lastProof: (when) => `Zuletzt vom Server bestätigt: ${when}`,
  neverProved: 'Seit dem Start dieses Workers nicht vom Server bestätigt',
  minuteBefore: 'Was in der Minute davor geschah',
  lastMinute: 'Was in der letzten Minute geschah',
  nothingBefore: 'In dieser Zeit wurde nichts aufgeschrieben.',
};
