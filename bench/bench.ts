import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createProgress } from '../scripts/testing/progress.ts';
import { machineName, writeFigures } from '../scripts/docs/figures.ts';
import { startBareBrowser } from '../test/support/browser/bare-browser.ts';
import { ordinaryAccount } from '../test/support/browser/bare-process.ts';
import { BENCHES, type Bench } from './compare/benches.ts';
import { noteInPages, workerNotesScript } from './compare/marks/notes.ts';
import { processorTable, processorTimeOf, type ProcessorTime } from './compare/marks/processor-time.ts';
import { timelineOf, timelineTable, type Timeline } from './compare/marks/timeline.ts';
import { LONG_SECONDS, type Stages } from './compare/measures.ts';
import { holds, ratioOf, tableOf, type Ratio, type Rounds } from './compare/report.ts';
import { startSites, type Site } from './compare/site.ts';
import { figuresOf } from './compare/figures.ts';
import { createStage } from './compare/stage.ts';
import { SUBJECTS, type Subject } from './compare/subjects.ts';

/*
 * Session Keeper beside the least that could do a part of its work, in one browser and one run, in alternating order:
 * `npm run bench -- cold,reload,warm,tabs`. `peers` has other libraries beside it. Exits with 1 when a target is missed.
 *
 * `--rounds N`, `--subjects a,b`, and `--json FILE` for the times of all rounds. `--docs` writes the tables into the documents.
 *
 * Two options show where the time goes, and hold no targets. `--marks`: what pages and workers do when, in `cold` and `reload`. It
 * changes them for that. `--processor`: how long each kind of process is busy, in `tabs`.
 *
 * The browser has a debugger on its pages only: one that is attached to a worker keeps it alive, and costs each request
 * 0.6 to 0.9 ms (measured). Each subject has an origin of its own. One process serves all of them.
 */

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string' },
    subjects: { type: 'string' },
    json: { type: 'string' },
    marks: { type: 'boolean', default: false },
    processor: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const chosen = (given: string | undefined, known: readonly string[], what: string): readonly string[] => {
  const names = given?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${what} "${unknown.join()}". Choose from ${known.join()}.`);
  return names;
};

const roundsFrom = (text: string | undefined): number | undefined => {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Error(`--rounds must be 1, 2, …; it is "${text}".`);
};

const subjectNames = chosen(
  values.subjects,
  SUBJECTS.map(({ name }) => name),
  'subject',
);
const subjects = SUBJECTS.filter(({ name }) => subjectNames.includes(name));
const mode = (['marks', 'processor'] as const).find((name) => values[name]) ?? 'times';
if (values.docs && mode !== 'times') throw new Error(`--docs writes times, so it goes without --${mode}.`);
/** The benches of each mode. Marks are of one page, and of one request or one start. */
const KNOWN = { times: Object.keys(BENCHES), marks: ['cold', 'reload'], processor: ['tabs'] };
const benches = chosen(positionals[0], KNOWN[mode], 'bench').flatMap((name) => BENCHES[name] ?? []);
const givenRounds = roundsFrom(values.rounds);

/**
 * Calls `onRound` for each round and subject. The first round warms the browser's caches and does not count. Each later
 * one begins with another subject.
 */
const play = async (
  bench: Bench,
  sites: readonly Site[],
  onRound: (site: Site, counts: boolean) => Promise<void>,
): Promise<void> => {
  const rounds = givenRounds ?? bench.rounds;
  const progress = createProgress(bench.title, () => rounds + 1, process.stderr);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index] of sites.entries()) {
      const site = sites[(index + round) % sites.length];
      if (site === undefined) continue;
      await onRound(site, round > 0).catch((cause: unknown) => {
        throw new Error(`${site.subject.name} failed in "${bench.title}", round ${round}`, { cause });
      });
    }
    progress.done(true);
  }
  progress.end();
};

const ratiosOf = (rounds: Rounds, bench: Bench, { name, role, signIn }: Subject): Ratio[] => {
  const target = signIn === 'oidc' ? bench.targetOfSigned : bench.target;
  const held = role === 'keeper' ? target : undefined;
  const floors = [bench.target.floor, ...bench.beside].filter((floor) => floor !== held?.floor && floor !== name);
  return [held ?? {}, ...floors.map((floor) => ({ floor }))].flatMap((each) => ratioOf(rounds, name, each) ?? []);
};

const machine = machineName();
console.log(machine);

const results: object[] = [];
const figures: string[] = [];

/** Prints the times and ratios of a bench. */
const measure = async (bench: Bench, stages: Stages, sites: readonly Site[]): Promise<void> => {
  const rounds = new Map<string, (readonly number[])[]>(sites.map(({ subject }) => [subject.name, []]));
  await play(bench, sites, async (site, counts) => {
    const times = await bench.measure(stages, site);
    if (counts) rounds.get(site.subject.name)?.push(times);
  });
  const ratios = subjects.filter(({ role }) => role !== 'floor').flatMap((subject) => ratiosOf(rounds, bench, subject));
  console.log(`\n${tableOf(bench.title, rounds, ratios)}`);
  figures.push(figuresOf(bench.title, rounds, ratios));
  results.push({ title: bench.title, rounds: Object.fromEntries(rounds), ratios });
  if (!ratios.every(holds)) process.exitCode = 1;
};

/** Prints what happens when, for each subject of a bench. */
const mark = async (bench: Bench, stages: Stages, sites: readonly Site[]): Promise<void> => {
  const timelines = new Map<string, Timeline[]>(sites.map(({ subject }) => [subject.name, []]));
  await play(bench, sites, async (site, counts) => {
    await bench.measure(stages, site);
    const timeline = await timelineOf(stages.stage);
    if (counts) timelines.get(site.subject.name)?.push(timeline);
  });
  for (const [name, found] of timelines) console.log(`\n${bench.title}: ${name}, ms\n${timelineTable(found)}`);
};

/** Prints the processor time of the tabs' opening, for each subject of a bench. */
const profile = async (bench: Bench, stages: Stages, sites: readonly Site[]): Promise<void> => {
  const times = new Map<string, ProcessorTime[]>(sites.map(({ subject }) => [subject.name, []]));
  await play(bench, sites, async (site, counts) => {
    const whileOpening = async <T>(open: () => Promise<T>): Promise<T> => {
      const [opened, time] = await processorTimeOf(open);
      if (counts) times.get(site.subject.name)?.push(time);
      return opened;
    };
    await bench.measure({ ...stages, whileOpening }, site);
  });
  for (const [name, found] of times)
    console.log(`\n${bench.title}: ${name}, ms of a processor\n${processorTable(found)}`);
};

const PLAYS = { times: measure, marks: mark, processor: profile };

/** A site costs a sign-in, so only those that a bench needs start. */
const needed = subjects.filter((subject) => benches.some((bench) => bench.takesPart(subject)));
const sites = await startSites(needed, mode === 'marks' ? await workerNotesScript() : '');
const browser = await startBareBrowser({ account: ordinaryAccount() });
try {
  const stage = await createStage(browser);
  if (mode === 'marks') await noteInPages(stage);
  for (const site of sites.all) {
    // The floors cannot renew their tokens.
    await site.lab.setLifetimes({ accessSeconds: LONG_SECONDS });
    await stage.signIn(site);
  }
  const tabs = [];
  const tabsNeeded = Math.max(...benches.map((bench) => bench.tabs));
  while (tabs.length < tabsNeeded) tabs.push(await createStage(await browser.openWindow()));
  for (const bench of benches) {
    const taking = sites.all.filter(({ subject }) => bench.takesPart(subject));
    await PLAYS[mode](bench, { stage, tabs }, taking);
  }
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ machine, results }, undefined, 1));
  if (values.docs) {
    const names = positionals[0] ?? '';
    const name = names === 'peers' ? names : 'least';
    await writeFigures({ name, command: `npm run bench -- ${names}`.trimEnd(), body: figures.join('\n\n') });
  }
} finally {
  await browser.close();
  await sites.stop();
}
