import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { seededChance } from '../../lab/base/chance.ts';
import { compareReports, printComparison } from '../../lab/report/compare.ts';
import { findShortestLoss } from '../../lab/minimise/minimise.ts';
import { recordSignIn } from '../../lab/record/record.ts';
import { countResults, readLabReport, type LabReport, type ScenarioResult } from '../../lab/results/result.ts';
import { runLab } from '../../lab/run/lab-run.ts';
import { runScenario } from '../../lab/run/run-scenario.ts';
import { describeStep } from '../../lab/run/steps.ts';
import { EXIT, type ExitCode, type Terminal } from '../doctor/doctor-command.ts';
import { earlierResults, fileAs, saveProgress, writeReports } from './lab-files.ts';
import type { LabCommand } from './lab-options.ts';
import { browserOf, partsOf, type CommandParts } from './lab-parts.ts';
import { printVerdict, progressPrinter } from './lab-print.ts';

const MINUTE_MS = 60_000;
const MAX_RANDOM_STEPS = 6;
/** More than any time limit allows. */
const MAX_ROUNDS = 10_000;

const trustOf = ({ insecure }: LabCommand): 'any' | 'checked' => (insecure ? 'any' : 'checked');

const run = async (command: LabCommand, parts: CommandParts, terminal: Terminal): Promise<LabReport> => {
  const { url, seed, realTime, headed, engine } = command;
  const print = progressPrinter(terminal);
  const done = earlierResults(command);
  const results: ScenarioResult[] = [...done];
  const soFar = { type: 'session-keeper-lab', version: 1, url, startedAt: new Date().toISOString(), seed } as const;
  return runLab({
    ...parts,
    ...{ url, seed, realTime, headed, engine, done },
    trust: trustOf(command),
    onProgress: (progress) => {
      print(progress);
      if (progress.type !== 'result') return;
      results.push(progress.result);
      saveProgress(command, { ...soFar, ms: 0, engine, results });
    },
  });
};

const finish = (report: LabReport, command: LabCommand, terminal: Terminal): ExitCode => {
  const older = command.compare === undefined ? undefined : fileAs(command.compare, readLabReport);
  const comparison = older && compareReports(older, report);
  terminal.out(printVerdict(report, terminal));
  for (const path of writeReports(report, comparison, command, terminal)) terminal.out(`report: ${path}\n`);
  if (command.compare !== undefined)
    terminal.out(comparison ? `\n${printComparison(comparison)}` : `${command.compare} is no report.\n`);
  const { lost, disturbed, broken } = countResults(report.results);
  if (broken === report.results.length && broken > 0) return EXIT.usage;
  return lost + disturbed + broken === 0 ? EXIT.ok : EXIT.failed;
};

const minimise = async (
  command: LabCommand,
  parts: CommandParts,
  minutes: number,
  terminal: Terminal,
): Promise<ExitCode> => {
  const { url, seed, realTime, headed, engine, out } = command;
  const options = { ...parts, url, realTime, headed, engine, trust: trustOf(command) };
  const minimised = await findShortestLoss({
    seed,
    rounds: MAX_ROUNDS,
    maxSteps: MAX_RANDOM_STEPS,
    limitMs: minutes * MINUTE_MS,
    run: (scenario) => runScenario(scenario, options, seed, seededChance(seed)),
    onTry: (tried, steps) => terminal.out(`  ${tried}. ${steps.map(describeStep).join('; ')}\n`),
  });
  if (minimised.type === 'none') {
    terminal.out(`\nKept over ${minimised.tried} random sequences, seed ${seed}\n`);
    return EXIT.ok;
  }
  const file = resolve(out, `${minimised.scenario.id}.json`);
  mkdirSync(out, { recursive: true });
  writeFileSync(file, `${JSON.stringify(minimised.scenario, undefined, 2)}\n`);
  const steps = minimised.scenario.steps.map((step) => `  - ${describeStep(step)}\n`).join('');
  const again = minimised.isConfirmed
    ? 'It was lost again in a second run.'
    : 'A second run kept it: timing matters here.';
  terminal.out(`\nThe shortest sequence that loses something:\n${steps}${minimised.result.summary}\n${again}\n`);
  terminal.out(`scenario: ${file}\nRun it again: session-keeper lab ${url} --scenario-file ${file} --seed ${seed}\n`);
  return EXIT.failed;
};

const record = async (command: LabCommand, file: string, terminal: Terminal): Promise<ExitCode> => {
  const browser = browserOf({ ...command, engine: 'chromium' });
  if (browser.type === 'problem') {
    terminal.err(`${browser.detail}\n`);
    return EXIT.usage;
  }
  terminal.out('Sign in in the browser window, then close it. The password does not go into the file.\n');
  const recorded = await recordSignIn({ url: command.url, executablePath: browser.value, headless: false });
  if (recorded.type === 'nothing') {
    terminal.err('Nothing was recorded: no field was filled in.\n');
    return EXIT.usage;
  }
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, recorded.source);
  const secret = recorded.secrets > 0 ? 'SESSION_KEEPER_PASSWORD=… ' : '';
  terminal.out(`sign-in module: ${path}\nUse it: ${secret}session-keeper lab ${command.url} --sign-in ${file}\n`);
  return EXIT.ok;
};

/** Does what a command says. This module loads the browser driver, so only a command that needs it imports this. */
export const performLab = async (command: LabCommand, terminal: Terminal): Promise<ExitCode> => {
  if (command.record !== undefined) return record(command, command.record, terminal);
  const parts = await partsOf(command);
  if (parts.type === 'problem') {
    terminal.err(`${parts.detail}\n`);
    return EXIT.usage;
  }
  const { minimiseMinutes } = command;
  if (minimiseMinutes !== undefined) return minimise(command, parts.value, minimiseMinutes, terminal);
  return finish(await run(command, parts.value, terminal), command, terminal);
};
