import { pluralsFor } from '../../locale/plural.ts';
import type { LabStrings } from '../en/lab.ts';

const { counted } = pluralsFor('de');
const requests = (count: number): string => counted(count, { one: 'Anfrage', other: 'Anfragen' });
const messages = (count: number): string => counted(count, { one: 'Nachricht', other: 'Nachrichten' });
const faults = (count: number): string => counted(count, { one: 'Störung', other: 'Störungen' });

export const labDe: LabStrings = {
  fault: {
    worker: [
      'Worker ersetzen',
      'Eine Seite kann ihren Worker nicht beenden. Deshalb tritt eine neue Version an seine Stelle.',
    ],
    reload: ['Neu laden', 'Diese Seite beginnt neu, mitten im Lauf.'],
    'hard-reload': ['Ohne Cache neu laden', 'Drücke Umschalt und lade neu: Dann steuert kein Worker die Seite.'],
    network: ['Netz trennen', 'Jede Verbindung bricht für 3 Sekunden ab.'],
    drop: ['Socket schließen', 'Die Live-Verbindung endet ohne ein Wort.'],
    freeze: ['Socket einfrieren', 'Er bleibt offen und schweigt 5 Sekunden lang.'],
    expire: ['Tokens ablaufen lassen', 'Der Server nimmt kein Zugriffstoken mehr an.'],
    provider: ['Anbieter ausgefallen', 'Zwei Erneuerungen hintereinander schlagen mit 503 fehl.'],
    lost: ['Antwort verlieren', 'Eine Erneuerung gelingt, und ihre Antwort kommt nie an.'],
    restart: ['Server weg', 'Er schließt alle Verbindungen und nimmt 3 Sekunden lang keine neue an.'],
    deploy: ['Version ausliefern', 'Ein neuer Worker übernimmt, während alles läuft.'],
    tabs: ['Vierzig zugleich', 'Vierzig Anfragen mit abgelaufenem Token, wie vierzig Tabs sie senden.'],
  },
  killed: ['Worker beenden', 'Der Browser beendet ihn, wie er es tut, um Speicher freizugeben.'],
  fortyTabs: ['Vierzig Tabs zugleich', 'Vierzig Tabs öffnen sich mit abgelaufenem Token.'],
  lead: 'Störe die Seite, ihren Worker, ihr Netz oder ihren Server, während Anfragen und Nachrichten laufen. Es hält, wenn du angemeldet bleibst und jede Nachricht einmal ankommt.',
  all: 'Alle, eine Minute lang',
  stop: 'Anhalten',
  exportReport: 'Bericht exportieren',
  faults: 'Störungen',
  requests: 'Anfragen beantwortet',
  messages: 'Nachrichten empfangen',
  lostAndDoubled: (lost, doubled) => `${lost} verloren, ${doubled} doppelt`,
  signOuts: 'Abmeldungen',
  recovery: 'Zeit bis zur Behebung',
  failedMeanwhile: (count) => (count === 0 ? 'keine fehlgeschlagen' : `${count} während einer Störung fehlgeschlagen`),
  reloaded: (count) => `${count} durch Neuladen beendet`,
  waiting: (count) => `${count} offen`,
  now: (fault) => `Gerade: ${fault}`,
  of: (part, whole) => `${part} von ${whole}`,
  slowest: (time) => `am längsten ${time}`,
  idle: 'Noch ist nichts gestört. Wähle eine Störung.',
  running: (left) => `noch ${left} s`,
  progress: 'Fortschritt der Minute',
  soFar: (survived, ended) =>
    `Bisher ${faults(survived)} überstanden, ${ended === 0 ? 'keine Abmeldung' : counted(ended, { one: 'Abmeldung', other: 'Abmeldungen' })}.`,
  settling: 'Die letzten Antworten stehen noch aus…',
  recovering: 'Wird behoben…',
  recovered: (time) => `In ${time} behoben`,
  notRecovered: 'Nicht behoben',
  leverFailed: (title, reason) => `${title}: Der Server hat es nicht getan (${reason}).`,
  held: 'Es hat gehalten.',
  heldDetail: (broken, answered, seen) =>
    `${faults(broken)}, keine Abmeldung. ${requests(answered)} beantwortet und ${messages(seen)} empfangen, jede einmal.`,
  untested: 'Es wurde nichts gestört, deshalb gibt es kein Urteil.',
  broken: 'Es hat nicht gehalten.',
  brokenDetail: (what) => `Belege: ${what}.`,
  evidence: {
    signOuts: (count) => counted(count, { one: 'Abmeldung', other: 'Abmeldungen' }),
    refused: (count) => `${requests(count)} mit 401 abgelehnt`,
    missing: (count) => `${messages(count)} verloren`,
    doubled: (count) => `${messages(count)} doppelt`,
    unrecovered: (count) => `${faults(count)} nicht behoben`,
    pending: (count) => `${requests(count)} ohne Antwort`,
  },
  live: 'Verlauf',
  noLab: 'Dieser Server hat keine Störungsrouten.',
  noLabDetail: 'Starte einen auf deinem Rechner, oder lass den Befehl deine eigene Website stören:',
  more: 'Das kann nur ein Befehl',
  moreDetail: [
    [
      'npm run show',
      'öffnet diese Seite in einem Browser, den er steuert: beendet den Worker, lädt ohne Cache neu, öffnet vierzig Tabs',
    ],
    [
      'npm run lab',
      'führt alle Szenarien aus: Ruhezustand, Stunden ohne Nutzung, falsche Uhr, volle Platte, Anmeldeseiten von WLANs',
    ],
    ['npx session-keeper lab https://deine.website', 'führt sie auf deiner eigenen Website aus'],
  ],
};
