import { pluralsFor } from '../../locale/plural.ts';
import type { ExplanationStrings } from '../en/explanation.ts';

const { counted } = pluralsFor('fr');

export const explanationFr: ExplanationStrings = {
  whySignedOut: 'Pourquoi ma session a-t-elle été fermée\u00a0?',
  details: 'Détails',
  whyWaiting: 'Pourquoi cette reconnexion\u00a0?',
  whyOfflineNow: 'Pourquoi suis-je hors ligne\u00a0?',
  whyNotLive: 'Pourquoi n’y a-t-il pas de mises à jour en direct\u00a0?',
  whySignInAgain: 'Pourquoi dois-je me reconnecter\u00a0?',
  whyNotAccepted: 'Pourquoi le serveur n’accepte-t-il pas ma session\u00a0?',
  whyAsked: 'Votre session est gardée. Le worker réessaie de lui-même, à quelques minutes d’intervalle.',
  whySignInFailed: 'La dernière connexion a échoué.',
  whyRejected:
    'Le serveur n’accepte plus cette session. Elle a été fermée ailleurs, le mot de passe a changé, ou elle n’a pas servi pendant trop longtemps.',
  whyExpired: 'Le serveur limite la durée d’une session, et celle-ci a atteint sa limite.',
  whyLost:
    'Un renouvellement est arrivé au serveur, mais sa réponse n’est jamais revenue. Le serveur a ensuite refusé le jeton précédent, comme il le doit.',
  whyNotYou: 'Recharger, perdre le réseau ou fermer le navigateur ne ferme pas la session.',
  whyOffline: 'Cet appareil est hors ligne. Rien ne se perd entre-temps.',
  whyAttempt: (count) =>
    `${counted(count, { one: 'essai', other: 'essais' })} jusqu’ici. Les essais continuent, et votre session reste ouverte.`,
  whySocket: 'La connexion en direct est en cours de rétablissement. Votre session n’est pas touchée.',
  whyStopped: 'Le serveur a fermé la connexion et n’en accepte pas de nouvelle.',
  lastProof: (when) => `Dernière confirmation du serveur ${when}`,
  neverProved: 'Pas de confirmation du serveur depuis le démarrage de ce worker',
  minuteBefore: 'Ce qui s’est passé dans la minute d’avant',
  lastMinute: 'Ce qui s’est passé dans la dernière minute',
  nothingBefore: 'Rien n’a été noté pendant ce temps.',
};
