import { dropOutputOfClosedPipe } from './closed-pipe.ts';
import { CONFORMANCE_USAGE, runConformance } from './conformance/conformance-command.ts';
import { BACKUP_USAGE, RESTORE_USAGE } from './backup/backup-usage.ts';
import { INIT_USAGE, REMOVE_USAGE } from './init/init-usage.ts';
import { runInit, runRemove } from './init/init-command.ts';
import { runLabCommand } from './lab/lab-command.ts';
import { LAB_USAGE } from './lab/lab-options.ts';
import { DOCTOR_USAGE, EXIT, runDoctor, type ExitCode, type Terminal } from './doctor/doctor-command.ts';

type Command = { usage: string; run(args: readonly string[], terminal: Terminal): Promise<ExitCode> };

/** The store is a native module, so only these commands load it. */
const runBackup: Command['run'] = async (args, terminal) =>
  (await import('./backup/backup-command.ts')).runBackup(args, terminal);
const runRestore: Command['run'] = async (args, terminal) =>
  (await import('./backup/backup-command.ts')).runRestore(args, terminal);

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['init', { usage: INIT_USAGE, run: runInit }],
  ['remove', { usage: REMOVE_USAGE, run: runRemove }],
  ['doctor', { usage: DOCTOR_USAGE, run: runDoctor }],
  ['conformance', { usage: CONFORMANCE_USAGE, run: runConformance }],
  ['backup', { usage: BACKUP_USAGE, run: runBackup }],
  ['restore', { usage: RESTORE_USAGE, run: runRestore }],
  ['lab', { usage: LAB_USAGE, run: runLabCommand }],
]);

const allUsage = (): string => [...COMMANDS.values()].map(({ usage }) => usage).join('\n');

const terminalOf = ({ stdout, stderr, env }: NodeJS.Process): Terminal => {
  for (const stream of [stdout, stderr]) dropOutputOfClosedPipe(stream);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    // https://no-color.org
    colours: stdout.isTTY && !env['NO_COLOR'],
    progress: stderr.isTTY,
    env,
  };
};

/** Runs the command line. `argv` starts after the program's name. Resolves with the exit code. */
export const main = async (argv: readonly string[], terminal: Terminal = terminalOf(process)): Promise<ExitCode> => {
  const [name, ...args] = argv;
  if (name === undefined || name === '--help' || name === '-h') {
    terminal.out(allUsage());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.get(name);
  if (command) return command.run(args, terminal);
  terminal.err(`There is no command "${name}". Use one of these:\n\n${allUsage()}`);
  return EXIT.usage;
};
