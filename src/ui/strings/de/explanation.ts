import { pluralsFor } from '../../locale/plural.ts';
import type { ExplanationStrings } from '../en/explanation.ts';

const { counted } = pluralsFor('de');

export const explanationDe: ExplanationStrings = {
  whySignedOut: 'Warum wurde ich abgemeldet?',
  details: 'Einzelheiten',
  whyWaiting: 'Warum wird neu verbunden?',
  whyOfflineNow: 'Warum bin ich offline?',
  whyNotLive: 'Warum gibt es keine Live-Updates?',
  whySignInAgain: 'Warum muss ich mich erneut anmelden?',
  whyNotAccepted: 'Warum akzeptiert der Server meine Sitzung nicht?',
  whyAsked: 'Deine Sitzung bleibt erhalten. Der Worker versucht es alle paar Minuten von selbst noch einmal.',
  whySignInFailed: 'Die letzte Anmeldung ist fehlgeschlagen.',
  whyRejected:
    'Der Server akzeptiert diese Sitzung nicht mehr. Sie wurde anderswo beendet, das Passwort wurde geändert, oder sie wurde zu lange nicht benutzt.',
  whyExpired: 'Der Server begrenzt, wie lange eine Sitzung dauert, und diese hat die Grenze erreicht.',
  whyLost:
    'Eine Erneuerung hat den Server erreicht, aber seine Antwort kam nie an. Danach hat er das vorherige Token abgelehnt, wie er es muss.',
  whyNotYou: 'Neuladen, ein Netzausfall oder das Schließen des Browsers meldet dich nicht ab.',
  whyOffline: 'Dieses Gerät ist offline. In der Zwischenzeit geht nichts verloren.',
  whyAttempt: (count) =>
    `${counted(count, { one: 'Versuch', other: 'Versuche' })} bisher. Weitere folgen, und du bleibst angemeldet.`,
  whySocket: 'Die Live-Verbindung wird wiederhergestellt. Deine Sitzung ist nicht betroffen.',
  whyStopped: 'Der Server hat die Verbindung geschlossen und nimmt keine neue an.',
  lastProof: (when) => `Zuletzt vom Server bestätigt: ${when}`,
  neverProved: 'Seit dem Start dieses Workers nicht vom Server bestätigt',
  minuteBefore: 'Was in der Minute davor passiert ist',
  lastMinute: 'Was in der letzten Minute passiert ist',
  nothingBefore: 'In dieser Zeit wurde nichts aufgezeichnet.',
};
