import { string } from '../../src/protocol/schema/schema.ts';

const en = {
  language: 'en',
  signIn: 'Sign in',
  toContinue: 'to continue to Session Keeper',
  userName: 'User name',
  password: 'Password',
  cancel: 'Cancel',
  demo: 'Demo account: user name',
  demoPassword: 'password',
  wrong: 'Wrong user name or password.',
  tooMany: (seconds: number) => `Too many attempts. Try again in ${seconds} s.`,
  continueTitle: (name: string) => `Continue as ${name}?`,
  alreadyHere: 'You are already signed in here.',
  continueAs: (name: string) => `Continue as ${name}`,
  useAnother: 'Use another account',
  signOutTitle: 'Sign out?',
  endsHere: 'This ends your sign-in here.',
  signOut: 'Sign out',
  stay: 'Stay signed in',
  signedOut: 'You are signed out',
  signedOutDetail: 'Your sign-in here has ended.',
  over: 'This sign-in is over',
  overDetail: 'It has expired, or another tab has finished it.',
  failed: 'Signing in did not work',
  failedDetail: 'The provider cannot process this request.',
  unavailable: 'The server cannot store anything now',
  unavailableDetail: 'Nothing is lost. Try again in a minute.',
  back: 'Back to the application',
};

export type PageStrings = typeof en;

const de: PageStrings = {
  language: 'de',
  signIn: 'Anmelden',
  toContinue: 'um mit Session Keeper fortzufahren',
  userName: 'Benutzername',
  password: 'Passwort',
  cancel: 'Abbrechen',
  demo: 'Demo-Konto: Benutzername',
  demoPassword: 'Passwort',
  wrong: 'Benutzername oder Passwort ist falsch.',
  tooMany: (seconds) => `Zu viele Versuche. Bitte in ${seconds} s noch einmal versuchen.`,
  continueTitle: (name) => `Als ${name} fortfahren?`,
  alreadyHere: 'Du bist hier schon angemeldet.',
  continueAs: (name) => `Als ${name} fortfahren`,
  useAnother: 'Anderes Konto verwenden',
  signOutTitle: 'Abmelden?',
  endsHere: 'Das beendet deine Anmeldung hier.',
  signOut: 'Abmelden',
  stay: 'Angemeldet bleiben',
  signedOut: 'Du bist abgemeldet',
  signedOutDetail: 'Deine Anmeldung hier ist beendet.',
  over: 'Diese Anmeldung ist vorbei',
  overDetail: 'Sie ist abgelaufen, oder ein anderer Tab hat sie abgeschlossen.',
  failed: 'Die Anmeldung ist fehlgeschlagen',
  failedDetail: 'Der Anbieter kann diese Anfrage nicht bearbeiten.',
  unavailable: 'Der Server kann gerade nichts speichern',
  unavailableDetail: 'Es ist nichts verloren. Versuche es in einer Minute noch einmal.',
  back: 'Zurück zur Anwendung',
};

const fr: PageStrings = {
  language: 'fr',
  signIn: 'Se connecter',
  toContinue: 'pour continuer vers Session Keeper',
  userName: 'Nom d’utilisateur',
  password: 'Mot de passe',
  cancel: 'Annuler',
  demo: 'Compte de démonstration\u00a0: utilisateur',
  demoPassword: 'mot de passe',
  wrong: 'Nom d’utilisateur ou mot de passe incorrect.',
  tooMany: (seconds) => `Trop de tentatives. Réessayez dans ${seconds}\u00a0s.`,
  continueTitle: (name) => `Continuer en tant que ${name}\u202f?`,
  alreadyHere: 'Votre session est déjà ouverte ici.',
  continueAs: (name) => `Continuer en tant que ${name}`,
  useAnother: 'Utiliser un autre compte',
  signOutTitle: 'Fermer la session\u202f?',
  endsHere: 'Cela met fin à votre connexion ici.',
  signOut: 'Fermer la session',
  stay: 'Garder la session',
  signedOut: 'Votre session est fermée',
  signedOutDetail: 'Votre connexion ici a pris fin.',
  over: 'Cette connexion n’est plus valable',
  overDetail: 'Elle a expiré, ou un autre onglet l’a terminée.',
  failed: 'La connexion a échoué',
  failedDetail: 'Le fournisseur ne peut pas traiter cette demande.',
  unavailable: 'Le serveur ne peut rien enregistrer pour le moment',
  unavailableDetail: 'Rien n’est perdu. Réessayez dans une minute.',
  back: 'Retour à l’application',
};

const LANGUAGES: Readonly<Record<string, PageStrings>> = { en, de, fr };

/** "de-AT;q=0.8" gives the language and its weight (RFC 9110 §12.5.4). */
const weighted = (range: string): { tag: string; weight: number } => {
  const [tag = '', parameter = ''] = range.trim().split(/\s*;\s*/, 2);
  const weight = Number(/^q=([\d.]+)$/.exec(parameter)?.[1] ?? 1);
  return { tag: tag.split('-')[0]?.toLowerCase() ?? '', weight };
};

/**
 * The strings of the provider's pages. The client names the language (`ui_locales`, OpenID Connect Core §3.1.2.1), else the
 * browser does, else they are English.
 */
export const pageStrings = (acceptLanguage: string | undefined, uiLocales?: unknown): PageStrings => {
  const wanted = (string.read(uiLocales) ?? '').split(' ').map((tag) => tag.split('-')[0]?.toLowerCase() ?? '');
  const preferred = (acceptLanguage ?? '')
    .split(',')
    .map(weighted)
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
  const found = [...wanted, ...preferred].find((tag) => Object.hasOwn(LANGUAGES, tag));
  return LANGUAGES[found ?? 'en'] ?? en;
};
