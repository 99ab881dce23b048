import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_SCENARIOS, chooseScenarios } from '../../lab/scenarios/all-scenarios.ts';
import { CATEGORIES, readScenario } from '../../lab/scenarios/scenario.ts';

test('has at least 40 scenarios, each with another id, and some of each category', () => {
  const ids = ALL_SCENARIOS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(40);
  for (const category of CATEGORIES) expect(chooseScenarios([category]).length, category).toBeGreaterThan(1);
});

test.each(ALL_SCENARIOS.map((scenario) => [scenario.id, scenario] as const))('%s survives a file', (_, scenario) => {
  expect(readScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario);
});

test('names each scenario in the documents', () => {
  const page = readFileSync(new URL('../../docs/reference/lab.md', import.meta.url), 'utf8');
  const named = [...page.matchAll(/^\| `([a-z\d-]+)` \|/gm)].map(([, id]) => id);
  expect(new Set(named)).toEqual(new Set(ALL_SCENARIOS.map(({ id }) => id)));
  expect(named).toHaveLength(ALL_SCENARIOS.length);
});

test('chooses scenarios by id, by category and by the start of an id', () => {
  expect(chooseScenarios(['reload']).map(({ id }) => id)).toEqual(['reload']);
  expect(chooseScenarios(['idle-*']).map(({ id }) => id)).toEqual(['idle-5-minutes', 'idle-8-hours']);
  expect(chooseScenarios(['none'])).toEqual([]);
});

const good = { id: 'a', title: 'A', category: 'session', why: 'w', prevent: 'p', steps: [{ type: 'reload' }] };

test.each([
  ['an id with spaces', { ...good, id: 'an id' }],
  ['an unknown category', { ...good, category: 'speed' }],
  ['an unknown step', { ...good, steps: [{ type: 'explode' }] }],
  ['a step without its field', { ...good, steps: [{ type: 'wait' }] }],
  [
    'a broken pattern',
    { ...good, steps: [{ type: 'fault', fault: { match: { path: '(' }, action: { type: 'html' } } }] },
  ],
])('refuses %s', (_, scenario) => {
  expect(readScenario(good)).toBeDefined();
  expect(readScenario(scenario)).toBeUndefined();
});
