import { pluralsFor } from '../../locale/plural.ts';
import type { ExplanationStrings } from '../en/explanation.ts';

const { counted } = pluralsFor('fr');

export const explanationFr: ExplanationStrings = {
  whySignedOut: 'Pourquoi ma session a-t-elle été fermée\u202f?',
  details: 'Détails',
  whyWaiting: 'Pourquoi cette reconnexion\u202f?',
  whyOfflineNow: 'Pourquoi suis-je hors ligne\u202f?',
  whyNotLive: 'Pourquoi n’y a-t-il pas de mises à jour en direct\u202f?',
  whySignInAgain: 'Pourquoi dois-je me reconnecter\u202f?',
  whyNotAccepted: 'Pourquoi le serveur n’accepte-t-il pas ma session\u202f?',
  whyAsked: 'Votre session est conservée. Le worker réessaie de lui-même, à quelques minutes d’intervalle.',
  whySignInFailed: 'La dernière connexion a échoué.',
  whyRejected:
    'Le serveur n’accepte plus cette session. Elle a été fermée ailleurs, le mot de passe a changé, ou elle est restée inutilisée trop longtemps.',
  whyExpired: 'Le serveur limite la durée d’une session, et celle-ci a atteint sa limite.',
  whyLost:
    'Un renouvellement a atteint le serveur, mais la réponse n’est jamais arrivée. Le serveur a ensuite refusé le jeton précédent, comme il le doit.',
  whyNotYou: 'Recharger, perdre le réseau ou fermer le navigateur ne ferme pas la session.',
  whyOffline: 'Cet appareil est hors ligne. Rien ne se perd entre-temps.',
  whyAttempt: (count) =>
    `${counted(count, { one: 'tentative', other: 'tentatives' })} jusqu’ici. D’autres suivront, et votre session reste ouverte.`,
  whySocket: 'La connexion en direct est en cours de rétablissement. Votre session n’est pas touchée.',
  whyStopped: 'Le serveur a fermé la connexion et n’en accepte pas de nouvelle.',
  lastProof: (when) => `Dernière confirmation du serveur ${when}`,
  neverProved: 'Pas de confirmation du serveur depuis le démarrage de ce worker',
  minuteBefore: 'Ce qui s’est passé dans la minute d’avant',
  lastMinute: 'Ce qui s’est passé dans la dernière minute',
  nothingBefore: 'Rien n’a été noté pendant ce temps.',
};
