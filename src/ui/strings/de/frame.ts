import type { FrameStrings } from '../en/frame.ts';

export const frameDe: FrameStrings = {
  unknown: 'Unbekannt',
  status: {
    starting: 'Startet',
    connected: 'Verbunden',
    limited: 'Eingeschränkt',
    reconnecting: 'Verbindet neu',
    'sign-in-required': 'Erneut anmelden',
    offline: 'Offline',
    'signed-out': 'Abgemeldet',
  },

  restoring: 'Deine Sitzung wird wiederhergestellt…',
  sessionIs: (status) => `Sitzung: ${status}`,
  signInAgain: 'Erneut anmelden',
  install: 'App installieren',

  pages: 'Seiten',
  home: 'Start',
  messages: 'Nachrichten',
  timeline: 'Zeitleiste',
  lab: 'Härtetest',
  tryIt: 'Ausprobieren',
  settings: 'Einstellungen',
  missing: 'Nicht gefunden',
  unread: (count) => `${count} ungelesen`,
};
