import { pluralsFor } from '../../locale/plural.ts';
import type { FrameStrings } from '../en/frame.ts';

const { counted } = pluralsFor('fr');

export const frameFr: FrameStrings = {
  unknown: 'Inconnu',
  status: {
    starting: 'Démarrage',
    connected: 'Connecté',
    limited: 'Limité',
    reconnecting: 'Reconnexion',
    'sign-in-required': 'Reconnectez-vous',
    offline: 'Hors ligne',
    'signed-out': 'Session fermée',
  },

  restoring: 'Restauration de votre session…',
  sessionIs: (status) => `État de la session\u00a0: ${status}`,
  signInAgain: 'Se reconnecter',
  install: 'Installer l’application',

  pages: 'Pages',
  home: 'Accueil',
  messages: 'Messages',
  timeline: 'Chronologie',
  lab: 'Résilience',
  tryIt: 'Essayer',
  settings: 'Réglages',
  missing: 'Introuvable',
  unread: (count) => counted(count, { one: 'non lu', other: 'non lus' }),
};
