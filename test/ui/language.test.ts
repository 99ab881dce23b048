import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Problem } from '../../src/protocol/problem.ts';
import { frameStrings } from '../../src/ui/strings/frame-strings.ts';
import { strings } from '../../src/ui/strings/strings.ts';
import { loadAppStrings, appStrings } from '../../src/ui/strings/app-strings.ts';
import { explanationStrings, loadExplanationStrings } from '../../src/ui/view/explanation-strings.ts';
import {
  matchLanguage,
  formatLocale,
  LANGUAGES,
  setLanguage,
  catalog,
  isLanguage,
} from '../../src/ui/locale/language.ts';
import { duration, fromNow, lastingSince, nextTry } from '../../src/ui/text/time.ts';
import { keptText, headlineOf } from '../../src/ui/view/headline.ts';
import { explain } from '../../src/ui/view/explanation.ts';
import { frameEn, type FrameStrings } from '../../src/ui/strings/en/frame.ts';
import { coreEn, type Strings } from '../../src/ui/strings/en/core.ts';
import { appEn, type AppStrings } from '../../src/ui/strings/en/app.ts';
import { explanationEn, type ExplanationStrings } from '../../src/ui/strings/en/explanation.ts';
import { labEn, type LabStrings } from '../../src/ui/strings/en/lab.ts';
import { labStrings, loadLabStrings } from '../../src/ui/lab/lab-strings.ts';
import { scenes } from './scenes.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

afterEach(() => setLanguage('en'));

/** Every text of a catalog by its path; a function's text for three sample arguments. */
const textsOf = (value: unknown, path = ''): Map<string, string> => {
  if (typeof value === 'string') return new Map([[path, value]]);
  if (typeof value === 'function')
    return new Map([[path, String((value as (...given: readonly unknown[]) => unknown)('X', 'day', 'day'))]]);
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...textsOf(inner, `${path}/${key}`)]));
};

/** Names, and words that are the same in another language too. */
const ALIKE =
  /^\/(reason\/never|kind\/oidc|status\/offline|lane\/(tabs|worker|socket)|online|offline|version|tier\/compatible|messages|pages|menu|moreDetail\/\d\/0)$/;

describe('strings that are loaded later', () => {
  afterEach(() => void vi.useRealTimers());

  it('are requested again until they arrive', async () => {
    vi.useFakeTimers();
    const load = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('stopped')).mockResolvedValue('ja');
    const answer = catalog<string>('yes', { de: load, fr: load });
    const done = setLanguage('de');
    await vi.runAllTimersAsync();
    await done;
    expect([load.mock.calls.length, answer.strings]).toEqual([2, 'ja']);
  });

  it('are ignored when the language has changed in the meantime', async () => {
    const settle: ((word: string) => void)[] = [];
    const loading = new Promise<string>((resolve) => {
      settle.push(resolve);
    });
    const answer = catalog<string>('yes', { de: () => loading, fr: () => loading });
    const late = setLanguage('de');
    await setLanguage('en');
    for (const resolve of settle) resolve('ja');
    await late;
    expect(answer.strings).toBe('yes');
  });
});

/** The whole interface in one language. */
type Translation = {
  frame: FrameStrings;
  core: Strings;
  app: AppStrings;
  explanation: ExplanationStrings;
  lab: LabStrings;
};

const ENGLISH: Translation = { frame: frameEn, core: coreEn, app: appEn, explanation: explanationEn, lab: labEn };
const OTHERS = Object.keys(LANGUAGES).filter((tag) => tag !== 'en');
const PARTS = ['frame', 'core', 'app', 'explanation', 'lab'] as const;
/** Each part in the current language. */
const current = (): Translation => ({
  frame: frameStrings(),
  core: strings(),
  app: appStrings(),
  explanation: explanationStrings(),
  lab: labStrings(),
});

describe.each(OTHERS)('the language %s', (tag) => {
  it.each(PARTS)('translates each of the %s strings', async (part) => {
    if (!isLanguage(tag)) throw new RangeError(tag);
    await Promise.all([loadAppStrings(), loadExplanationStrings(), loadLabStrings(), setLanguage(tag)]);
    const [texts, translations] = [textsOf(ENGLISH[part]), textsOf(current()[part])];
    expect([...translations.keys()].toSorted()).toEqual([...texts.keys()].toSorted());
    const same = [...texts].filter(([path, text]) => translations.get(path) === text && !ALIKE.test(path));
    expect(same).toEqual([]);
  });
});

describe('German', () => {
  it('replaces all strings at once, and English does so again', async () => {
    await loadAppStrings();
    await setLanguage('de');
    expect([strings().signIn, appStrings().send]).toEqual(['Anmelden', 'Senden']);
    expect(formatLocale()).toMatch(/^de/);
    await setLanguage('en');
    expect([strings().signIn, appStrings().send]).toEqual(['Sign in', 'Send']);
  });

  it('formats times in its own way', async () => {
    await setLanguage('de');
    expect(lastingSince(NOW - 2 * DAY_MS, NOW)).toBe('seit 2 Tagen');
    expect(fromNow(NOW - 3 * MINUTE_MS, NOW)).toBe('vor 3 Minuten');
    expect(nextTry(NOW + 7000, NOW)).toBe('nächster Versuch in 7 Sekunden');
  });

  it('counts in French as French does: zero is singular', async () => {
    await loadAppStrings();
    await setLanguage('fr');
    expect([strings().reloads(0), strings().reloads(2)]).toEqual(['0 rechargement', '2 rechargements']);
    expect(lastingSince(NOW - 26 * MINUTE_MS, NOW)).toBe('depuis 26 minutes');
    expect(appStrings().tabsOpen(1)).toBe('1 onglet est ouvert.');
  });

  it.each(Object.keys(scenes))('has a headline and an explanation for the scene %s', async (scene) => {
    await loadExplanationStrings();
    await setLanguage('de');
    const snapshot = scenes[scene]?.(NOW).snapshot;
    const { headline, detail } = headlineOf(snapshot, NOW);
    const explanation = snapshot && explain(snapshot, NOW);
    const text = [
      headline,
      detail,
      explanation?.question,
      ...(explanation?.causes.map((cause) => cause.text) ?? []),
    ].join(' ');
    expect(text).not.toMatch(/undefined|null|\[object|\b(?:the|you|is|server was)\b/i);
  });

  it('is chosen by the languages of the browser', () => {
    expect(matchLanguage(['nl-NL', 'de-AT', 'en'])).toBe('de');
    expect(matchLanguage(['fr-CA'])).toBe('fr');
    expect(matchLanguage(['nl'])).toBe('en');
    expect(matchLanguage(['', 'constructor'])).toBe('en');
  });
});

describe('the sentence about how long the session was kept', () => {
  const kept = {
    since: NOW - (3 * 60 + 12) * MINUTE_MS,
    reloads: 4,
    workerRestarts: 2,
    networkLosses: 1,
    refreshes: 9,
  };

  it('names the time and each kind of loss that it survived', () => {
    expect(keptText(kept, NOW)).toBe(
      'Signed in for 3 h 12 min. Survived 4 reloads, 2 worker restarts, and 1 network loss.',
    );
    expect(keptText({ ...kept, reloads: 1, workerRestarts: 0, networkLosses: 0 }, NOW)).toMatch(/Survived 1 reload\.$/);
  });

  it('uses the plural forms of each language', async () => {
    await loadAppStrings();
    const texts = [
      strings().reloads(1204),
      appStrings().countReloads(1),
      appStrings().countReloads(2),
      appStrings().tabsOneSession(1),
    ];
    expect(texts).toEqual(['1,204 reloads', 'reload', 'reloads', '1 tab, one session']);
    expect(appStrings().gap(1)).toMatch(/^1 message is missing/);
    await setLanguage('de');
    expect([strings().networkLosses(1), strings().networkLosses(0)]).toEqual(['1 Netzausfall', '0 Netzausfälle']);
    expect([appStrings().countRestarts(1), appStrings().countRestarts(7)]).toEqual([
      'Worker-Neustart',
      'Worker-Neustarts',
    ]);
    expect(appStrings().events(9500)).toBe('9.500 Ereignisse');
  });

  it('omits what did not happen', () => {
    expect(keptText({ since: NOW, reloads: 0, workerRestarts: 0, networkLosses: 0, refreshes: 0 }, NOW)).toMatch(
      /^Signed in for 1 s\.$/,
    );
    expect(duration(2 * DAY_MS + 4 * 60 * MINUTE_MS + 5000)).toBe('2 days 4 h');
  });
});

describe('the explanation', () => {
  const explanationOf = (scene: string) => {
    const snapshot = scenes[scene]?.(NOW).snapshot;
    return snapshot && explain(snapshot, NOW);
  };

  it('is absent when all is well, after a sign-out, and before a first sign-in', () => {
    for (const scene of ['active', 'refreshing', 'ticket', 'never', 'password-only'])
      expect(explanationOf(scene)).toBeUndefined();
  });

  it('names the server’s answer when the server ended the session', () => {
    const explanation = explanationOf('rejected');
    expect(explanation?.question).toBe('Why was I signed out?');
    expect(explanation?.causes[0]?.evidence).toBe(
      'grant-rejected · http://localhost:4174/token · HTTP 400 · invalid_grant',
    );
    expect(explanationOf('expired')?.causes[0]?.text).toMatch(/reached its limit\. The session expired on/);
  });

  it('asks about live updates, not about a reconnect, once the server has closed the connection for good', () => {
    expect(explanationOf('limited')?.question).toBe('Why are there no live updates?');
  });

  it('repeats no sentence of the headline or of another cause', () => {
    const texts = (scene: string) => explanationOf(scene)?.causes.map((cause) => cause.text);
    expect(texts('degraded')).toEqual([
      '4 attempts so far. It keeps trying, and you stay signed in.',
      'The server cannot be reached. The live connection is being restored. Your session is not affected.',
      'Last confirmed by the server 2 minutes ago.',
    ]);
    expect(
      texts('offline')
        ?.join(' ')
        .match(/cannot be reached/g),
    ).toHaveLength(1);
    const many = scenes['degraded']?.(NOW).snapshot;
    const socket = many?.sockets['/api/socket'];
    if (!many || !socket) throw new RangeError('degraded');
    const causes = explain({ ...many, sockets: { '/a': socket, '/b': socket } }, NOW)?.causes;
    expect(causes?.[2]).toEqual({ text: '', evidence: '/b · network-unreachable · /api/v1/auth/refresh' });
  });

  it('is absent after a cancelled sign-in, and has only details when the sentence is on screen already', () => {
    const never = scenes['never']?.(NOW).snapshot;
    if (!never) throw new RangeError('never');
    const explained = (problem: Problem) =>
      explain({ ...never, session: { state: 'signed-out', reason: 'never', problem } }, NOW);
    expect(explained({ code: 'sign-in-refused', error: 'access_denied' })).toBeUndefined();
    expect(explained({ code: 'sign-in-refused', error: 'unknown state' })).toEqual({
      question: 'Details',
      causes: [{ text: '', evidence: 'sign-in-refused · unknown state' }],
    });
  });

  it('lists each attempt that waits, and the last confirmation by the server', () => {
    const explanation = explanationOf('degraded');
    expect(explanation?.question).toBe('Why is it reconnecting?');
    expect(explanation?.causes.map((cause) => cause.evidence)).toEqual([
      'server-unavailable · /token · HTTP 503',
      '/api/socket · network-unreachable · /api/v1/auth/refresh',
      undefined,
    ]);
    expect(explanation?.causes[0]?.text).toContain('4 attempts so far');
    expect(explanation?.causes.at(-1)?.text).toBe('Last confirmed by the server 2 minutes ago.');
  });
});
