import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { installedChromium, namedChromium } from '../../lab/browser/find-browser.ts';
import { badge } from '../../lab/report/badge.ts';
import { compareReports, printComparison } from '../../lab/report/compare.ts';
import { githubAnnotations, githubSummary } from '../../lab/report/github.ts';
import { htmlReport } from '../../lab/report/html/html-report.ts';
import { junitReport } from '../../lab/report/junit.ts';
import { countResults, readLabReport, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';
import { runLab } from '../../lab/run/lab-run.ts';
import { ALL_SCENARIOS, chooseScenarios } from '../../lab/scenarios/all-scenarios.ts';
import { readScenario, type LabScenario } from '../../lab/scenarios/scenario.ts';
import { embeddedServer, isEmbeddedServer } from '../../lab/site/embedded-server.ts';
import { loadSignInModule, type SignInModule } from '../../lab/site/sign-in-module.ts';
import { siteFromFlags, withFlags } from '../../lab/site/site-from-flags.ts';
import { parseJson } from '../../src/protocol/schema/json.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { LAB_USAGE, parseLab, type LabCommand, type ReportKind } from './lab-options.ts';
import { printScenarios, printVerdict, progressPrinter } from './lab-print.ts';

type Found<T> = { type: 'found'; value: T } | { type: 'problem'; detail: string };

const found = <T>(value: T): Found<T> => ({ type: 'found', value });
const problem = (detail: string): Found<never> => ({ type: 'problem', detail });

const NO_SIGN_IN = `The lab cannot sign in. Do one of these:
  - pass --user and --password of an account that the site's form accepts
  - write a module with a few lines of Playwright, and pass it with --sign-in FILE:
      export const signIn = async (page) => {
        await page.getByLabel('Email').fill('me@example.com');
        await page.getByLabel('Password').fill(process.env.PASSWORD);
        await page.getByRole('button', { name: 'Log in' }).click();
      };
  - pass --storage-state FILE of a browser that is signed in`;

const siteOf = async (command: LabCommand): Promise<Found<SignInModule>> => {
  if (command.signIn !== undefined) {
    const loaded = await loadSignInModule(resolve(command.signIn));
    return loaded.type === 'loaded' ? found(withFlags(loaded.module, command)) : problem(loaded.detail);
  }
  const fromFlags = siteFromFlags(command);
  if (fromFlags) return found(fromFlags);
  if (command.storageState !== undefined) return problem(`${command.storageState} is no file of storageState().`);
  const { origin } = new URL(command.url);
  if (await isEmbeddedServer(origin)) return found(withFlags(embeddedServer(origin), command));
  return problem(NO_SIGN_IN);
};

const fileAs = <T>(file: string, read: (value: unknown) => T | undefined): T | undefined => {
  try {
    return read(parseJson(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

const scenariosOf = ({ scenarios, scenarioFile }: LabCommand): Found<readonly LabScenario[]> => {
  if (scenarioFile !== undefined) {
    const scenario = fileAs(scenarioFile, readScenario);
    return scenario ? found([scenario]) : problem(`${scenarioFile} is no scenario. See docs/reference/lab.md.`);
  }
  const chosen = chooseScenarios(scenarios);
  const unknown = scenarios.find((name) => chooseScenarios([name]).length === 0);
  return unknown === undefined ? found(chosen) : problem(`There is no scenario "${unknown}". --list prints all.`);
};

const browserOf = ({ browser }: LabCommand): Found<string> => {
  try {
    const path = browser ?? namedChromium() ?? installedChromium();
    return path === undefined
      ? problem('There is no Chromium on PATH. Install one, or name it with --browser PATH or CHROMIUM_PATH.')
      : found(path);
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
};

const WRITERS: Readonly<Record<Exclude<ReportKind, 'github'>, { file: string; write(report: LabReport): string }>> = {
  html: { file: 'report.html', write: htmlReport },
  json: { file: 'report.json', write: (report) => `${JSON.stringify(report, undefined, 1)}\n` },
  junit: { file: 'junit.xml', write: junitReport },
  badge: { file: 'badge.svg', write: badge },
};

/** Writes the reports, and returns their paths. */
const writeReports = (report: LabReport, { reports, out }: LabCommand, terminal: Terminal): string[] => {
  mkdirSync(out, { recursive: true });
  return reports.flatMap((kind) => {
    if (kind === 'github') {
      terminal.out(githubAnnotations(report));
      const summary = terminal.env['GITHUB_STEP_SUMMARY'];
      if (summary !== undefined && summary !== '') writeFileSync(summary, githubSummary(report), { flag: 'a' });
      return [];
    }
    const { file, write } = WRITERS[kind];
    const path = resolve(out, file);
    writeFileSync(path, write(report));
    return [path];
  });
};

const PROGRESS_FILE = 'progress.json';

/** The results of an interrupted run with the same address and seed. */
const earlierResults = ({ out, resume, url, seed }: LabCommand): readonly ScenarioResult[] => {
  if (!resume) return [];
  const earlier = fileAs(resolve(out, PROGRESS_FILE), readLabReport);
  return earlier?.url === url && earlier.seed === seed
    ? earlier.results.filter(({ verdict }) => verdict !== 'broken')
    : [];
};

type Parts = { site: SignInModule; scenarios: readonly LabScenario[]; executablePath: string };

const run = async (command: LabCommand, parts: Parts, terminal: Terminal): Promise<LabReport> => {
  const { url, seed, realTime, headed, insecure, out } = command;
  const print = progressPrinter(terminal);
  const done = earlierResults(command);
  const soFar: ScenarioResult[] = [...done];
  const base = { type: 'session-keeper-lab', version: 1, url, startedAt: new Date().toISOString(), seed } as const;
  mkdirSync(out, { recursive: true });
  return runLab({
    ...parts,
    ...{ url, seed, realTime, headed, done },
    trust: insecure ? 'any' : 'checked',
    engine: 'chromium',
    onProgress: (progress) => {
      print(progress);
      if (progress.type !== 'result') return;
      soFar.push(progress.result);
      // An interrupted run goes on from here (--resume).
      writeFileSync(
        resolve(out, PROGRESS_FILE),
        JSON.stringify({ ...base, ms: 0, engine: 'chromium', results: soFar }),
      );
    },
  });
};

const partsOf = async (command: LabCommand): Promise<Found<Parts>> => {
  const [site, scenarios, browser] = [await siteOf(command), scenariosOf(command), browserOf(command)];
  if (scenarios.type === 'problem') return scenarios;
  if (site.type === 'problem') return site;
  if (browser.type === 'problem') return browser;
  return found({ site: site.value, scenarios: scenarios.value, executablePath: browser.value });
};

const finish = (report: LabReport, command: LabCommand, terminal: Terminal): ExitCode => {
  terminal.out(printVerdict(report, terminal));
  for (const path of writeReports(report, command, terminal)) terminal.out(`report: ${path}\n`);
  const older = command.compare === undefined ? undefined : fileAs(command.compare, readLabReport);
  if (command.compare !== undefined)
    terminal.out(older ? `\n${printComparison(compareReports(older, report))}` : `${command.compare} is no report.\n`);
  const { lost, disturbed, broken } = countResults(report.results);
  if (broken === report.results.length && broken > 0) return EXIT.usage;
  return lost + disturbed + broken === 0 ? EXIT.ok : EXIT.failed;
};

export const runLabCommand = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const parsed = parseLab(args, terminal.env);
  switch (parsed.type) {
    case 'help':
      terminal.out(LAB_USAGE);
      return EXIT.ok;
    case 'list':
      terminal.out(printScenarios(ALL_SCENARIOS));
      return EXIT.ok;
    case 'usage':
      terminal.err(`${parsed.problem}\n\n${LAB_USAGE}`);
      return EXIT.usage;
    case 'run': {
      const parts = await partsOf(parsed.command);
      if (parts.type === 'problem') {
        terminal.err(`${parts.detail}\n`);
        return EXIT.usage;
      }
      return finish(await run(parsed.command, parts.value, terminal), parsed.command, terminal);
    }
  }
};
