import { afterEach, describe, expect, it, vi } from 'vitest';
import { words } from '../../src/ui/strings/messages.ts';
import { learnMore, moreWords } from '../../src/ui/strings/app-messages.ts';
import { learnWhy } from '../../src/ui/strings/explanation-messages.ts';
import { languageFor, locale, speak, vocabulary } from '../../src/ui/locale/language.ts';
import { duration, fromNow, lasting, nextTry } from '../../src/ui/strings/time.ts';
import { keptWords, truthOf } from '../../src/ui/view/headline.ts';
import { whyOf } from '../../src/ui/view/explanation.ts';
import { de } from '../../src/ui/strings/de.ts';
import { en } from '../../src/ui/strings/en.ts';
import { moreDe } from '../../src/ui/strings/app-de.ts';
import { moreEn } from '../../src/ui/strings/app-en.ts';
import { whyDe } from '../../src/ui/strings/explanation-de.ts';
import { whyEn } from '../../src/ui/strings/explanation-en.ts';
import { scenes } from './scenes.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

afterEach(() => speak('en'));

/** Every text of a vocabulary, by its path; a function's as it says its first arguments. */
const textsOf = (value: unknown, path = ''): Map<string, string> => {
  if (typeof value === 'string') return new Map([[path, value]]);
  if (typeof value === 'function')
    return new Map([[path, String((value as (...given: readonly unknown[]) => unknown)('X', 'Y'))]]);
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...textsOf(inner, `${path}/${key}`)]));
};

/** Names, and words that both languages write alike. */
const ALIKE = /^\/(kind\/oidc|status\/offline|lane\/(tabs|worker|socket)|version|fromTo|entry)$/;

describe('words that have to be loaded', () => {
  afterEach(() => void vi.useRealTimers());

  it('are asked for until they are there', async () => {
    vi.useFakeTimers();
    const load = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('stopped')).mockResolvedValue('ja');
    const answer = vocabulary<string>('yes', { de: load });
    const spoken = speak('de');
    await vi.runAllTimersAsync();
    await spoken;
    expect([load.mock.calls.length, answer.words]).toEqual([2, 'ja']);
  });

  it('are not said when another language is spoken meanwhile', async () => {
    const settle: ((word: string) => void)[] = [];
    const loading = new Promise<string>((resolve) => {
      settle.push(resolve);
    });
    const answer = vocabulary<string>('yes', { de: () => loading });
    const late = speak('de');
    await speak('en');
    for (const resolve of settle) resolve('ja');
    await late;
    expect(answer.words).toBe('yes');
  });
});

describe('the second language', () => {
  it.each([
    ['first', en, de],
    ['later', moreEn, moreDe],
    ['explaining', whyEn, whyDe],
  ])('says everything of the %s words, and in its own words', (_, english, german) => {
    const [ours, theirs] = [textsOf(english), textsOf(german)];
    expect([...theirs.keys()]).toEqual([...ours.keys()]);
    const same = [...ours].filter(([path, text]) => theirs.get(path) === text && !ALIKE.test(path));
    expect(same).toEqual([]);
  });

  it('is spoken everywhere at once, and unlearned as fast', async () => {
    await learnMore();
    await speak('de');
    expect([words().signOut, moreWords().send]).toEqual(['Abmelden', 'Senden']);
    expect(locale()).toMatch(/^de/);
    await speak('en');
    expect([words().signOut, moreWords().send]).toEqual(['Sign out', 'Send']);
  });

  it('has its own times', async () => {
    await speak('de');
    expect(lasting(NOW - 2 * DAY_MS, NOW)).toBe('seit 2 Tagen');
    expect(fromNow(NOW - 3 * MINUTE_MS, NOW)).toBe('vor 3 Minuten');
    expect(nextTry(NOW + 7000, NOW)).toBe('nächster Versuch in 7 Sekunden');
  });

  it.each(Object.keys(scenes))('has a true sentence for %s too', async (scene) => {
    await learnWhy();
    await speak('de');
    const snapshot = scenes[scene]?.(NOW).snapshot;
    const { headline, detail } = truthOf(snapshot, NOW);
    const why = snapshot && whyOf(snapshot, NOW);
    const told = [headline, detail, why?.question, ...(why?.causes.map((cause) => cause.words) ?? [])].join(' ');
    expect(told).not.toMatch(/undefined|null|\[object|\b(?:the|you|is|server was)\b/i);
  });

  it('is chosen by what a person reads', () => {
    expect(languageFor(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(languageFor(['fr'])).toBe('en');
    expect(languageFor(['', 'constructor'])).toBe('en');
  });
});

describe('how long it was kept', () => {
  const kept = {
    since: NOW - (3 * 60 + 12) * MINUTE_MS,
    reloads: 4,
    workerRestarts: 2,
    networkLosses: 1,
    refreshes: 9,
  };

  it('is one sentence, with what it went through', () => {
    expect(keptWords(kept, NOW)).toBe(
      'Kept for 3 hours 12 minutes through 4 reloads, 2 worker restarts, and 1 lost network.',
    );
    expect(keptWords({ ...kept, reloads: 1, workerRestarts: 0, networkLosses: 0 }, NOW)).toMatch(/through 1 reload\.$/);
  });

  it('counts as each language does', async () => {
    await learnMore();
    const said = [words().reloads(1204), moreWords().countReloads(1), moreWords().countReloads(2), moreWords().tabs(1)];
    expect(said).toEqual(['1,204 reloads', 'reload', 'reloads', '1 tab']);
    expect(moreWords().gap(1)).toMatch(/^1 message is gone/);
    await speak('de');
    expect([words().networkLosses(1), words().networkLosses(0)]).toEqual(['1 Netzausfall', '0 Netzausfälle']);
    expect([moreWords().countRestarts(1), moreWords().countRestarts(7)]).toEqual([
      'Worker-Neustart',
      'Worker-Neustarts',
    ]);
    expect(moreWords().events(9500)).toBe('9.500 Ereignisse');
  });

  it('claims nothing that did not happen', () => {
    expect(keptWords({ since: NOW, reloads: 0, workerRestarts: 0, networkLosses: 0, refreshes: 0 }, NOW)).toMatch(
      /^Kept for 1 second\.$/,
    );
    expect(duration(2 * DAY_MS + 4 * 60 * MINUTE_MS + 5000)).toBe('2 days 4 hours');
  });
});

describe('why', () => {
  const whyIn = (scene: string) => {
    const snapshot = scenes[scene]?.(NOW).snapshot;
    return snapshot && whyOf(snapshot, NOW);
  };

  it('is no question when all is well, nor for somebody who left or never came', () => {
    for (const scene of ['active', 'refreshing', 'ticket', 'never', 'password-only'])
      expect(whyIn(scene)).toBeUndefined();
  });

  it('names the server’s answer as the evidence of an end', () => {
    const why = whyIn('rejected');
    expect(why?.question).toBe('Why was I signed out?');
    expect(why?.causes[0]?.evidence).toBe('grant-rejected · http://localhost:4174/token · HTTP 400 · invalid_grant');
    expect(whyIn('expired')?.causes[0]?.words).toMatch(/gave this session an end.*was over on/);
  });

  it('tells each thing that waits, and what is known for certain', () => {
    const why = whyIn('degraded');
    expect(why?.question).toBe('Why is it reconnecting?');
    expect(why?.causes.map((cause) => cause.evidence)).toEqual([
      'server-unavailable · /token · HTTP 503',
      '/api/socket · network-unreachable · /api/v1/auth/refresh',
      undefined,
    ]);
    expect(why?.causes[0]?.words).toContain('4 tries so far');
    expect(why?.causes.at(-1)?.words).toBe('Last confirmed by the server 2 minutes ago.');
  });
});
