import { pluralsFor } from '../../locale/plural.ts';
import type { LabStrings } from '../en/lab.ts';

const { counted } = pluralsFor('fr');
const requests = (count: number): string => counted(count, { one: 'requête', other: 'requêtes' });
const messages = (count: number): string => counted(count, { one: 'message', other: 'messages' });
const faults = (count: number): string => counted(count, { one: 'panne', other: 'pannes' });

export const labFr: LabStrings = {
  fault: {
    worker: ['Remplacer le worker', 'Une page ne peut pas arrêter son worker. Une nouvelle version le remplace donc.'],
    reload: ['Recharger', 'Cette page repart de zéro, en plein essai.'],
    'hard-reload': ['Recharger sans cache', 'Rechargez avec Maj\u00a0: aucun worker ne contrôle alors la page.'],
    network: ['Couper le réseau', 'Chaque connexion est coupée pendant 3 secondes.'],
    drop: ['Fermer le socket', 'La connexion en direct se ferme sans prévenir.'],
    freeze: ['Geler le socket', 'Il reste ouvert et se tait pendant 5 secondes.'],
    expire: ['Faire expirer les jetons', 'Le serveur n’accepte plus aucun jeton d’accès.'],
    provider: ['Fournisseur en panne', 'Deux renouvellements de suite échouent (503).'],
    lost: ['Perdre une réponse', 'Un renouvellement réussit, et sa réponse n’arrive jamais.'],
    restart: ['Serveur absent', 'Il ferme toutes les connexions, et refuse les nouvelles pendant 3 secondes.'],
    deploy: ['Déployer une version', 'Un nouveau worker prend le relais pendant que tout tourne.'],
    tabs: ['Quarante à la fois', 'Quarante requêtes avec un jeton expiré, comme en envoient quarante onglets.'],
  },
  killed: ['Arrêter le worker', 'Le navigateur l’arrête, comme il le fait pour libérer de la mémoire.'],
  fortyTabs: ['Quarante onglets', 'Quarante onglets s’ouvrent avec un jeton expiré.'],
  lead: 'Mettez en panne la page, son worker, son réseau ou son serveur pendant que requêtes et messages circulent. L’essai est réussi si la session reste ouverte et que chaque message arrive une fois.',
  all: 'Toutes, pendant une minute',
  stop: 'Arrêter',
  exportReport: 'Exporter le rapport',
  faults: 'Pannes',
  requests: 'Requêtes abouties',
  messages: 'Messages reçus',
  lostAndDoubled: (lost, doubled) => `${counted(lost, { one: 'perdu', other: 'perdus' })}, ${doubled} en double`,
  signOuts: 'Fermetures de session',
  recovery: 'Temps de rétablissement',
  failedMeanwhile: (count) =>
    count === 0 ? 'aucune en échec' : `${counted(count, { one: 'échec', other: 'échecs' })} pendant une panne`,
  reloaded: (count) => `${counted(count, { one: 'interrompue', other: 'interrompues' })} par un rechargement`,
  waiting: (count) => `${count} en attente`,
  now: (fault) => `En cours\u00a0: ${fault}`,
  of: (part, whole) => `${part} sur ${whole}`,
  slowest: (time) => `au plus ${time}`,
  idle: 'Rien n’est encore en panne. Choisissez une panne.',
  running: (left) => `encore ${left}\u00a0s`,
  progress: 'Progression de la minute',
  soFar: (survived, ended) =>
    `Jusqu’ici, ${counted(survived, { one: 'panne surmontée', other: 'pannes surmontées' })}, ${ended === 0 ? 'aucune fermeture de session' : counted(ended, { one: 'fermeture de session', other: 'fermetures de session' })}.`,
  settling: 'En attente des dernières réponses…',
  recovering: 'Rétablissement…',
  recovered: (time) => `Rétabli en ${time}`,
  notRecovered: 'Non rétabli',
  leverFailed: (title, reason) => `${title}\u00a0: le serveur ne l’a pas fait (${reason}).`,
  held: 'La session a tenu.',
  heldDetail: (broken, answered, seen) =>
    `${faults(broken)}, aucune fermeture de session. ${counted(answered, { one: 'requête aboutie', other: 'requêtes abouties' })} et ${counted(seen, { one: 'message reçu', other: 'messages reçus' })}, chacun une fois.`,
  untested: 'Rien n’a été mis en panne, il n’y a donc pas de verdict.',
  broken: 'La session n’a pas tenu.',
  brokenDetail: (what) => `Preuves\u00a0: ${what}.`,
  evidence: {
    signOuts: (count) => counted(count, { one: 'fermeture de session', other: 'fermetures de session' }),
    refused: (count) => `${counted(count, { one: 'requête refusée', other: 'requêtes refusées' })} (401)`,
    missing: (count) => counted(count, { one: 'message perdu', other: 'messages perdus' }),
    doubled: (count) => `${messages(count)} en double`,
    unrecovered: (count) => `${faults(count)} sans rétablissement`,
    pending: (count) => `${requests(count)} sans réponse`,
  },
  live: 'En direct',
  noLab: 'Ce serveur n’a pas de routes de panne.',
  noLabDetail: 'Lancez-en un sur votre machine, ou laissez la commande éprouver votre propre site\u00a0:',
  more: 'Seule une commande peut le faire',
  moreDetail: [
    [
      'npm run show',
      'ouvre cette page dans un navigateur piloté\u00a0: arrête le worker, recharge sans cache, ouvre quarante onglets',
    ],
    [
      'npm run lab',
      'exécute tous les scénarios\u00a0: veille, heures d’inactivité, horloge fausse, disque plein, portails captifs',
    ],
    ['npx session-keeper lab https://votre.site', 'les exécute sur votre propre site'],
  ],
};
